/**
 * Whether every object has something of this name. The validation pipe takes such a field for a known one, or drops it in silence;
 * here it is refused by name, like every other unknown field.
 */
export function isInheritedName(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}
