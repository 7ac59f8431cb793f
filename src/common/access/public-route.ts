import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = Symbol('public route');

/** Lets anyone call: no credentials are asked for. Every other route needs a key. */
export const PublicRoute = () => SetMetadata(PUBLIC_ROUTE, true);
