import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { InvalidIpNetworkError, IpNetwork } from '../../../common/net/ip-network.js';

/**
 * Checks that a value is an IPv4 or IPv6 address or network (CIDR). The message explains the first
 * invalid entry, without repeating it.
 * @example
 * @IsIpNetwork({ each: true })
 * ip_allow_list!: string[];
 */
export const IsIpNetwork = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isIpNetwork',
      validator: { validate: (value: unknown) => networkProblem(value) === null, defaultMessage: messageFor },
    },
    options,
  );

function messageFor(argument?: ValidationArguments): string {
  const values: unknown[] = [argument?.value].flat();
  return values.map(networkProblem).find((problem) => problem !== null) ?? 'must be an IP address or network';
}

function networkProblem(value: unknown): string | null {
  if (typeof value !== 'string') {
    return 'must contain only strings: IP addresses and networks';
  }
  try {
    IpNetwork.parse(value);
    return null;
  } catch (error) {
    if (error instanceof InvalidIpNetworkError) {
      return error.message;
    }
    throw error;
  }
}
