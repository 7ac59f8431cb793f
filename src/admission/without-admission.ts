const WITHOUT_ADMISSION = Symbol('without admission');

interface MarkedHandler {
  [WITHOUT_ADMISSION]?: boolean;
}

/**
 * Lets a handler run without a place in the admission of requests, for a route that neither waits
 * nor uses the database: it costs no more than the refusal would. Every other route with a caller
 * is bounded.
 */
export function WithoutAdmission(): MethodDecorator {
  return (_target, _key, descriptor) => {
    (descriptor.value as MarkedHandler)[WITHOUT_ADMISSION] = true;
  };
}

/** Whether the handler is marked by `@WithoutAdmission()`. */
export function isWithoutAdmission(handler: object): boolean {
  return (handler as MarkedHandler)[WITHOUT_ADMISSION] === true;
}
