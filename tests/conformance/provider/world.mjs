// The provider's accounts and clients. Groups decide what Keystone's mapping gives them.

import { createHmac } from 'node:crypto';

export const ACCOUNTS = {
  ada: { password: 'ada-pw', groups: ['engineers'] },
  grace: { password: 'gr\u00e4ce \u2603 "w\u00f6rd\\ +&=%', groups: ['engineers', 'readers'] },
  // Has a code on top of the password, in the form's field `totp`.
  otto: { password: 'otto-pw', groups: ['engineers'], totp_secret: 'secret of otto......' },
  // Known to Keystone, without a role anywhere.
  guest: { password: 'guest-pw', groups: ['guests'] },
  // No mapping matches.
  stranger: { password: 'stranger-pw', groups: [] },
};

const SERVICE = ['client_credentials', 'password', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'];

/** `name` is the key in the tests; without a secret, a client is public. */
export const CLIENTS = [
  { name: 'service', id: 'service', secret: 'secret of service', grants: SERVICE, groups: ['services'] },
  // RFC 6749, section 2.3.1: both parts are form-encoded before they become Basic.
  { name: 'odd', id: 'odd:client +1', secret: 'a+b%20c:d/e=f&g', grants: SERVICE, groups: ['services'] },
  { name: 'public', id: 'public', grants: SERVICE.slice(1) },
  // Lacks the grant of client credentials.
  { name: 'narrow', id: 'narrow', secret: 'secret of narrow', grants: ['password'] },
  { name: 'limited', id: 'limited', secret: 'secret of limited', grants: SERVICE, scope: 'openid', groups: ['services'] },
  { name: 'brief', id: 'brief', secret: 'secret of brief', grants: SERVICE, groups: ['services'], bearer_seconds: 2 },
  { name: 'jwt', id: 'jwt', secret: 'secret of jwt', grants: SERVICE, groups: ['services'], bearer_format: 'jwt' },
  { name: 'guest', id: 'guest-client', secret: 'secret of guest', grants: SERVICE, groups: ['guests'] },
  { name: 'stranger', id: 'stranger-client', secret: 'secret of stranger', grants: SERVICE, groups: [] },
  // As OVHcloud's guide prints them.
  { name: 'ovh', id: '0f0f0f0f0f0f0f0f', secret: 'xxxx', grants: ['client_credentials'], groups: ['services'] },
  // Asks about bearers for Keystone's gates.
  { name: 'gate', id: 'gate', secret: 'secret of gate', grants: ['client_credentials'] },
];

/** The claims of an account, or of the client itself if there is none. */
export function claimsOf(account, client) {
  if (account !== undefined) {
    return { preferred_username: account, groups: ACCOUNTS[account]?.groups ?? [], email: `${account}@people.test` };
  }
  return { preferred_username: `service-account-${client.clientId}`, groups: client.groups ?? [] };
}

/** Whether this is the account's current code, or the one before. */
export function isCode(secret, code) {
  const now = Math.floor(Date.now() / 30_000);
  return [now, now - 1].some((step) => {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac('sha1', secret).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0') === code;
  });
}
