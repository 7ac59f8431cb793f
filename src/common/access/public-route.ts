import { SetMetadata } from '@nestjs/common';

/** The metadata that marks a handler or controller as public. */
export const PUBLIC_ROUTE = Symbol('public route');

/** Admits requests without credentials. Every other route requires a key. */
export const PublicRoute = () => SetMetadata(PUBLIC_ROUTE, true);
