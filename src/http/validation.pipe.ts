import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { InvalidInputError } from '../common/domain-error.js';
import { ERROR_MESSAGES, invalidFieldsMessage } from '../contract/error-messages.js';
import { UNSAFE_KEYS } from './json-body.js';

/**
 * More than any valid request has. A body of thousands of unknown fields gets no response ten times
 * its size.
 */
const MAX_FIELDS = 50;
const MAX_NAME_LENGTH = 100;

/**
 * Validates body, path and query against their classes. Rejects unknown fields by name, with one
 * message per field.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      exceptionFactory: invalidInput,
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const unsafe = Object.keys(value ?? {}).find((name) => UNSAFE_KEYS.has(name));
    if (unsafe !== undefined) {
      throw unknownField(unsafe);
    }
    return super.transform(value, metadata);
  }
}

function unknownField(name: string): InvalidInputError {
  return new InvalidInputError(invalidFieldsMessage(1), {
    fields: Object.fromEntries([[name, ERROR_MESSAGES.unknownField]]),
  });
}

function invalidInput(errors: ValidationError[]): InvalidInputError {
  const fields = flatten(errors, '');
  return new InvalidInputError(invalidFieldsMessage(fields.length), {
    fields: Object.fromEntries(fields.slice(0, MAX_FIELDS)),
  });
}

function flatten(errors: readonly ValidationError[], path: string): [field: string, message: string][] {
  return errors.flatMap((error) => {
    const field = path + error.property.slice(0, MAX_NAME_LENGTH);
    const own: [string, string][] = error.constraints === undefined ? [] : [[field, messageOf(error.constraints)]];
    return [...own, ...flatten(error.children ?? [], `${field}.`)];
  });
}

function messageOf(constraints: Readonly<Record<string, string>>): string {
  // class-validator's own message is about classes, not about requests.
  return 'whitelistValidation' in constraints
    ? ERROR_MESSAGES.unknownField
    : (Object.values(constraints)[0] ?? 'is invalid');
}
