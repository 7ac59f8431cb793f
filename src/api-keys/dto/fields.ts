import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateIf } from 'class-validator';
import { SCOPES } from '../../common/access/scope.js';
import { CheckedBy } from './checked-by.js';
import {
  checkDateTime,
  checkDescription,
  checkLabel,
  checkNetworks,
  checkScopes,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_LABEL_CHARACTERS,
  MAX_NETWORKS,
} from './field-checks.js';

/** The fields that a request may carry, each with its rule and its documentation. */

export const LabelField = () =>
  applyDecorators(
    ApiProperty({
      type: String,
      description: 'Human-readable label for the API key; not blank.',
      minLength: 1,
      maxLength: MAX_LABEL_CHARACTERS,
      example: 'My API Key',
    }),
    CheckedBy('label', checkLabel),
  );

export const DescriptionField = () =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      description: 'Human-readable description for the API key.',
      maxLength: MAX_DESCRIPTION_CHARACTERS,
      example: 'Key for accessing product APIs',
    }),
    IsOptional(),
    CheckedBy('description', checkDescription),
  );

/** @param whenNull whether null is an answer too, or refused like any other value that is not a list */
export const ScopesField = (description: string, whenNull: 'default' | 'refused') =>
  applyDecorators(
    ApiPropertyOptional({
      enum: SCOPES,
      enumName: 'Scope',
      isArray: true,
      nullable: whenNull === 'default',
      description,
      minItems: 1,
      example: ['products.create'],
    }),
    ValidateIf((_, value: unknown) => value !== undefined && (value !== null || whenNull === 'refused')),
    CheckedBy('scopes', checkScopes),
  );

export const IpAllowListField = (description: string) =>
  applyDecorators(
    ApiPropertyOptional({
      type: [String],
      nullable: true,
      description,
      maxItems: MAX_NETWORKS,
      example: ['127.0.0.1'],
    }),
    IsOptional(),
    CheckedBy('ipAllowList', checkNetworks),
  );

export const ExpiresAtField = (description: string) =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      format: 'mysql-date-time',
      pattern: '^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}$',
      description,
      example: '2099-12-31 23:59:59',
    }),
    IsOptional(),
    CheckedBy('expiresAt', checkDateTime),
  );
