import { ValidateBy, type ValidationOptions } from 'class-validator';
import {
  hasMoreCharactersThan,
  hasUnstorableCharacters,
  isBlank,
  TEXT_MESSAGES,
  tooManyCharacters,
} from '../../../common/text.js';
import { holdsSecret } from '../../../common/secret-pattern.js';

/**
 * Checks that a string has at most `max` characters, counted as MySQL counts them for
 * `VARCHAR(max)`: an emoji is one. `@MaxLength` also leaves out variation selectors, so that MySQL
 * would reject what it accepts.
 * @example
 * @MaxCharacters(255) label!: string;
 */
export const MaxCharacters = (max: number, options?: ValidationOptions): PropertyDecorator =>
  validateText('maxCharacters', (text) => !hasMoreCharactersThan(text, max), tooManyCharacters(max), options);

/**
 * Checks that a string has a visible character: not only white space, control and invisible
 * characters.
 */
export const IsNotBlank = (options?: ValidationOptions): PropertyDecorator =>
  validateText('isNotBlank', (text) => !isBlank(text), TEXT_MESSAGES.blank, options);

/**
 * Checks that a string has no NUL and no unpaired surrogate, neither of which can be stored as it
 * was sent.
 */
export const IsStorable = (options?: ValidationOptions): PropertyDecorator =>
  validateText('isStorable', (text) => !hasUnstorableCharacters(text), TEXT_MESSAGES.unstorable, options);

/**
 * Checks that a string contains no secret of an API key. It would be stored, and shown in every
 * list.
 */
export const ContainsNoSecret = (options?: ValidationOptions): PropertyDecorator =>
  validateText('containsNoSecret', (text) => !holdsSecret(text), TEXT_MESSAGES.secret, options);

function validateText(name: string, isValid: (text: string) => boolean, message: string, options?: ValidationOptions) {
  const validate = (value: unknown) => typeof value === 'string' && isValid(value);
  return ValidateBy({ name, validator: { validate, defaultMessage: () => message } }, options);
}
