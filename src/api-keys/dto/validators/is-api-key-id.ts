import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isPrefixedId } from '../../../common/prefixed-id.js';

/** The message of `@IsApiKeyId()`, which the API document shows too. */
export const API_KEY_ID_MESSAGE = 'must be the id of an API key: api_key_ followed by a UUIDv7 in lower case';

/**
 * Checks that a value is the id of an API key.
 * @example
 * @IsApiKeyId()
 * id!: ApiKeyId;
 */
export const IsApiKeyId = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isApiKeyId',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && isPrefixedId('api_key_', value),
        defaultMessage: () => API_KEY_ID_MESSAGE,
      },
    },
    options,
  );
