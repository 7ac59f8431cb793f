import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { SCOPE_CATALOGUE, SCOPES } from '../../../common/access/scope.js';

/**
 * Checks that a value is the name of a scope.
 * @example
 * @IsScope({ each: true })
 * scopes!: Scope[];
 */
export const IsScope = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isScope',
      validator: { validate: (value: unknown) => SCOPE_CATALOGUE.has(value), defaultMessage: messageFor },
    },
    options,
  );

function messageFor(argument?: ValidationArguments): string {
  const values: unknown[] = [argument?.value].flat();
  const unknown = values.find((value) => !SCOPE_CATALOGUE.has(value));
  return `contains an unknown scope${quoted(unknown)}. Valid scopes: ${SCOPES.join(', ')}`;
}

/** Repeats a value only if it looks like a scope, because any other may be a misplaced secret. */
function quoted(value: unknown): string {
  return typeof value === 'string' && /^[a-z_.]{1,40}$/.test(value) ? ` ${JSON.stringify(value)}` : '';
}
