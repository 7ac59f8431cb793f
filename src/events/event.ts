import type { ApiKeyId, OrganizationId } from '../common/prefixed-id.js';
import type { EventActor } from './actor.js';
import {
  apiKeySnapshot,
  changedFields,
  organizationSnapshot,
  type ApiKeySnapshot,
  type OrganizationSnapshot,
  type SecretSnapshot,
} from './snapshots.js';

interface BaseEvent {
  readonly actor: EventActor;
  readonly organizationId: OrganizationId;
}

interface ApiKeyEvent extends BaseEvent {
  readonly keyId: ApiKeyId;
}

export interface ApiKeyCreated extends ApiKeyEvent {
  readonly kind: 'api_key.created';
  readonly before: null;
  readonly after: ApiKeySnapshot;
}

export interface ApiKeyUpdated extends ApiKeyEvent {
  readonly kind: 'api_key.updated';
  readonly before: ApiKeySnapshot;
  readonly after: ApiKeySnapshot;
}

export interface ApiKeyDeleted extends ApiKeyEvent {
  readonly kind: 'api_key.deleted';
  readonly before: ApiKeySnapshot;
  readonly after: ApiKeySnapshot;
}

/** A stored secret that could not be verified by its digest got a new digest, by bcrypt. */
export interface SecretRecovered extends ApiKeyEvent {
  readonly kind: 'secret.recovered';
  readonly before: SecretSnapshot;
  readonly after: SecretSnapshot;
}

export interface OrganizationCreated extends BaseEvent {
  readonly kind: 'organization.created';
  readonly before: null;
  readonly after: OrganizationSnapshot;
}

export interface OrganizationDeactivated extends BaseEvent {
  readonly kind: 'organization.deactivated';
  readonly before: OrganizationSnapshot;
  readonly after: OrganizationSnapshot;
}

export interface OrganizationReactivated extends BaseEvent {
  readonly kind: 'organization.reactivated';
  readonly before: OrganizationSnapshot;
  readonly after: OrganizationSnapshot;
}

/** Everything that can change. A new kind does not compile until every subscriber handles it. */
export type ChangeEvent =
  | ApiKeyCreated
  | ApiKeyUpdated
  | ApiKeyDeleted
  | SecretRecovered
  | OrganizationCreated
  | OrganizationDeactivated
  | OrganizationReactivated;

/** A key as its row has it, for example the entity. Events keep the snapshot only. */
interface ApiKeyState extends ApiKeySnapshot {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
}

interface OrganizationState extends OrganizationSnapshot {
  readonly id: OrganizationId;
}

interface Creation<State> {
  readonly actor: EventActor;
  readonly after: State;
}

interface Change<State> extends Creation<State> {
  readonly before: State;
}

export function apiKeyCreated({ actor, after }: Creation<ApiKeyState>): ApiKeyCreated {
  const { id: keyId, organizationId } = after;
  return { kind: 'api_key.created', actor, organizationId, keyId, before: null, after: apiKeySnapshot(after) };
}

export function apiKeyUpdated(change: Change<ApiKeyState>): ApiKeyUpdated {
  return { kind: 'api_key.updated', ...apiKeyChange(change) };
}

export function apiKeyDeleted(change: Change<ApiKeyState>): ApiKeyDeleted {
  return { kind: 'api_key.deleted', ...apiKeyChange(change) };
}

export function secretRecovered(event: Omit<SecretRecovered, 'kind'>): SecretRecovered {
  return { kind: 'secret.recovered', ...event };
}

export function organizationCreated({ actor, after }: Creation<OrganizationState>): OrganizationCreated {
  return {
    kind: 'organization.created',
    actor,
    organizationId: after.id,
    before: null,
    after: organizationSnapshot(after),
  };
}

export function organizationDeactivated(change: Change<OrganizationState>): OrganizationDeactivated {
  return { kind: 'organization.deactivated', ...organizationChange(change) };
}

export function organizationReactivated(change: Change<OrganizationState>): OrganizationReactivated {
  return { kind: 'organization.reactivated', ...organizationChange(change) };
}

/**
 * Whether the event is a change. An update with the values that are stored already is not, although
 * it sets `updatedAt`.
 */
export function isChange(event: ChangeEvent): boolean {
  return (
    event.kind !== 'api_key.updated' || changedFields(event.before, event.after).some((field) => field !== 'updatedAt')
  );
}

function apiKeyChange({ actor, before, after }: Change<ApiKeyState>): Omit<ApiKeyUpdated, 'kind'> {
  const { id: keyId, organizationId } = after;
  return { actor, organizationId, keyId, before: apiKeySnapshot(before), after: apiKeySnapshot(after) };
}

function organizationChange({
  actor,
  before,
  after,
}: Change<OrganizationState>): Omit<OrganizationDeactivated, 'kind'> {
  return {
    actor,
    organizationId: after.id,
    before: organizationSnapshot(before),
    after: organizationSnapshot(after),
  };
}
