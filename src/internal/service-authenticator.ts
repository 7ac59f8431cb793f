import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { parseCredentials } from '../common/access/bearer-token.js';
import { headerValues } from '../common/raw-headers.js';
import { CONFIG, type Config, type InternalToken } from '../config/config.js';
import { ProtocolError } from '../http/error-response.js';
import type { Credential } from './internal-endpoint.js';

const BASE64 = /^[A-Za-z0-9+/]+=*$/;
const REALM = 'realm="latchkey-internal"';

/** The header in which a gateway sends its token. */
const GATEWAY_TOKEN_HEADER = 'x-latchkey-token';

/** Authenticates services by their tokens. */
@Injectable()
export class ServiceAuthenticator {
  private readonly tokens: readonly InternalToken[];

  constructor(@Inject(CONFIG) config: Pick<Config, 'internalTokens'>) {
    this.tokens = config.internalTokens;
  }

  /**
   * Whether no tokens are configured, so that every client that reaches the listener may use it.
   */
  get isOpen(): boolean {
    return this.tokens.length === 0;
  }

  /**
   * The name of the service; null if no token is required.
   * @throws ProtocolError 401; 500 for a gateway, because a 401 would tell its client that the key
   * is wrong
   */
  identify(request: IncomingMessage, credential: Credential): string | null {
    if (this.isOpen || credential === 'none') {
      return null;
    }
    const name = this.find(request.rawHeaders, credential);
    if (name === null) {
      throw credential === 'gateway-token' ? gatewayUnknown() : serviceUnknown(credential);
    }
    return name;
  }

  private find(rawHeaders: readonly string[], credential: Credential): string | null {
    const [value, ...more] = headerValues(
      rawHeaders,
      credential === 'gateway-token' ? GATEWAY_TOKEN_HEADER : 'authorization',
    );
    if (value === undefined || more.length > 0) {
      return null;
    }
    if (credential === 'gateway-token') {
      return this.nameOf(value);
    }
    const { scheme, token } = parseCredentials(value) ?? {};
    if (token === undefined) {
      return null;
    }
    if (scheme === 'bearer') {
      return this.nameOf(token);
    }
    const isBasic = scheme === 'basic' && credential === 'bearer-or-basic' && BASE64.test(token);
    return isBasic ? this.nameOfBasic(token) : null;
  }

  /**
   * RFC 6749, section 2.3.1: name and password are form-encoded before they are joined. Many
   * clients omit that, so a plus is not decoded: names and tokens contain neither spaces nor
   * percent signs.
   */
  private nameOfBasic(encoded: string): string | null {
    const [id = '', password = ''] = Buffer.from(encoded, 'base64').toString('latin1').split(/:(.*)/s);
    const name = this.nameOf(formDecoded(password));
    return name === formDecoded(id) ? name : null;
  }

  /** Compares with every token, in constant time among tokens of one length. */
  private nameOf(token: string): string | null {
    const presented = Buffer.from(token, 'latin1');
    let found: string | null = null;
    for (const { name, token: known } of this.tokens) {
      if (known.length === presented.length && timingSafeEqual(known, presented)) {
        found = name;
      }
    }
    return found;
  }
}

function formDecoded(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26').replaceAll('+', '%2B')}`).get('v') ?? '';
}

function serviceUnknown(credential: Credential): ProtocolError {
  const schemes = credential === 'bearer-or-basic' ? ['Bearer', 'Basic'] : ['Bearer'];
  const orBasic = credential === 'bearer-or-basic' ? ', or name and token by HTTP Basic' : '';
  return new ProtocolError(
    401,
    'CLIENT_UNKNOWN',
    `This endpoint is for services: send one of INTERNAL_TOKENS as the header Authorization: Bearer <token>${orBasic}.`,
    { 'WWW-Authenticate': schemes.map((scheme) => `${scheme} ${REALM}`).join(', ') },
  );
}

function gatewayUnknown(): ProtocolError {
  return new ProtocolError(
    500,
    'GATEWAY_UNKNOWN',
    'The gateway is not authenticated: it must send one of INTERNAL_TOKENS as the header X-Latchkey-Token. Nothing was decided about your key.',
  );
}
