// Runs an OpenID provider on loopback: npm's oidc-provider, with the accounts and clients of
// world.mjs. Writes its URLs and its contents into listening.json in the current folder, and ends with
// the process that started it.
//
// usage: main.mjs PARENT

import { generateKeyPairSync } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

import { approve, grantIdToken, passwordGrant } from './grants.mjs';
import { ACCOUNTS, CLIENTS, claimsOf } from './world.mjs';

const parent = Number(process.argv[2]);
const RESOURCE = 'urn:keystone';

function configuration() {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const client = ({ id, secret, grants, scope, ...extra }) => ({
    client_id: id,
    client_secret: secret,
    grant_types: grants,
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: secret ? 'client_secret_basic' : 'none',
    ...(scope ? { scope } : {}),
    ...extra,
  });
  return {
    clients: CLIENTS.map(client),
    extraClientMetadata: { properties: ['groups', 'bearer_seconds', 'bearer_format'] },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    // Keystone's gates read the claims from the id_token itself.
    conformIdTokenClaims: false,
    extraTokenClaims: (ctx, token) => claimsOf(token.accountId, ctx.oidc.client),
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...claimsOf(id) }) }),
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), kid: 'one', use: 'sig' }] },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: 600,
      ClientCredentials: (ctx, token, client) => client.bearer_seconds ?? 600,
      DeviceCode: 60,
      Grant: 3600,
      IdToken: 600,
      Interaction: 60,
      RefreshToken: 3600,
      Session: 60,
    },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client) => (client?.bearer_format === 'jwt' ? RESOURCE : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'openid profile email', audience: RESOURCE, accessTokenFormat: 'jwt',
        }),
      },
    },
  };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  provider.registerGrantType('password', passwordGrant(provider), ['username', 'password', 'totp', 'scope']);
  provider.use(grantIdToken(provider));
  const logins = {};
  for (const event of ['grant.success', 'grant.error']) {
    provider.on(event, ({ oidc }) => {
      const client = oidc.client?.clientId;
      logins[client] = (logins[client] ?? 0) + 1;
    });
  }
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url, issuer);
    // These two are the tests' own.
    if (url.pathname === '/approve') approve(provider, url.searchParams, response);
    else if (url.pathname === '/logins') response.end(JSON.stringify(logins));
    else {
      // The provider is also at the paths that OVHcloud and EGI document.
      request.url = request.url.replace(/^\/(role-adapter\/[^/]+|auth\/realms\/egi)\//, '/');
      answer(request, response);
    }
  });
  const listening = {
    issuer,
    discovery_endpoint: `${issuer}/.well-known/openid-configuration`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/token/introspection`,
    jwks_uri: `${issuer}/jwks`,
    accounts: ACCOUNTS,
    clients: Object.fromEntries(CLIENTS.map((client) => [client.name, { groups: [], ...client }])),
  };
  writeFileSync('listening.json.new', JSON.stringify(listening), { mode: 0o600 });
  renameSync('listening.json.new', 'listening.json');
});

setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 200);
