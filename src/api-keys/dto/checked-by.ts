import { ValidateBy, type ValidationArguments } from 'class-validator';
import type { FieldCheck } from './field-checks.js';

/** Validates a field by a check, whose words are the message. */
export const CheckedBy = (name: string, check: FieldCheck): PropertyDecorator =>
  ValidateBy({
    name,
    validator: {
      validate: (value: unknown) => check(value) === null,
      defaultMessage: (argument?: ValidationArguments) => check(argument?.value) ?? 'is invalid',
    },
  });
