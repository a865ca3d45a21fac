// One change of the engine's tables. A plan is a list of steps; an engine carries out the steps of one service
// all or none. Steps name services and servers; a step never touches a service that it does not name.
import type { RemovalPolicy, ServerSpec, ServiceSpec } from './service.ts';

export type Step =
  | { readonly kind: 'add-service'; readonly service: ServiceSpec }
  /** Changes scheduler and persistence; `listen` must equal the present one. */
  | { readonly kind: 'edit-service'; readonly service: ServiceSpec }
  /** Removes the service and every server it still has, each under `policy`. */
  | { readonly kind: 'remove-service'; readonly service: string; readonly policy: RemovalPolicy }
  /** A server that was removed and still has connections is taken back with them (same address, port and service). */
  | { readonly kind: 'add-server'; readonly service: string; readonly server: ServerSpec }
  /** Changes weight and method; connections keep the method that they began with. */
  | { readonly kind: 'edit-server'; readonly service: string; readonly server: ServerSpec }
  | {
      readonly kind: 'remove-server';
      readonly service: string;
      readonly server: string;
      readonly policy: RemovalPolicy;
    };

/** The service a step belongs to. */
export function serviceOf(step: Step): string {
  return step.kind === 'add-service' || step.kind === 'edit-service' ? step.service.name : step.service;
}

/** Outcome of the steps of one service: all carried out, or none and the reason. */
export type StepOutcome =
  | { readonly service: string; readonly ok: true }
  | { readonly service: string; readonly ok: false; readonly code: StepErrorCode; readonly detail: string };

export type StepErrorCode =
  | 'exists'
  | 'missing'
  | 'listen-taken'
  | 'listen-changed'
  | 'bad-spec'
  | 'service-table-full'
  | 'server-table-full'
  | 'too-many-servers'
  | 'engine-failed';
