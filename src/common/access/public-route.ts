import { SetMetadata } from '@nestjs/common';

/** The metadata that marks a handler or controller as public. */
export const PUBLIC_ROUTE = Symbol('public route');

/** Lets anyone call: no credentials are asked for. Every other route needs a key. */
export const PublicRoute = () => SetMetadata(PUBLIC_ROUTE, true);
