const WITHOUT_ADMISSION = Symbol('without admission');

interface MarkedHandler {
  [WITHOUT_ADMISSION]?: boolean;
}

/**
 * Exempts a route from the admission of requests. For a route that neither waits nor uses the
 * database, and so costs no more than a refusal.
 */
export function WithoutAdmission(): MethodDecorator {
  return (_target, _key, descriptor) => {
    (descriptor.value as MarkedHandler)[WITHOUT_ADMISSION] = true;
  };
}

/** Whether the handler has `@WithoutAdmission()`. */
export function isWithoutAdmission(handler: object): boolean {
  return (handler as MarkedHandler)[WITHOUT_ADMISSION] === true;
}
