// The grants that oidc-provider lacks.

import { errors } from 'oidc-provider';

import { ACCOUNTS, claimsOf, isCode } from './world.mjs';

const { InvalidGrant, InvalidScope } = errors;

/** The grant of a password, and of a code for accounts that need one. */
export function passwordGrant(provider) {
  return async (ctx, next) => {
    const { client, params } = ctx.oidc;
    const account = Object.hasOwn(ACCOUNTS, params.username ?? '') && ACCOUNTS[params.username];
    if (!account || account.password !== params.password) {
      throw new InvalidGrant('invalid user credentials');
    }
    if (account.totp_secret && !isCode(account.totp_secret, params.totp)) {
      throw new InvalidGrant('invalid one-time code');
    }
    const scope = params.scope ?? '';
    const allowed = client.scope?.split(' ');
    const refused = scope.split(' ').find((one) => allowed && !allowed.includes(one));
    if (refused !== undefined) throw new InvalidScope('requested scope is not allowed', refused);
    const grant = new provider.Grant({ accountId: params.username, clientId: client.clientId });
    grant.addOIDCScope(scope);
    const own = { accountId: params.username, client, grantId: await grant.save(), gty: 'password', scope };
    const token = new provider.AccessToken(own);
    ctx.oidc.entity('AccessToken', token);
    ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: token.tokenType, scope };
    if (scope.split(' ').includes('offline_access')) {
      ctx.body.refresh_token = await new provider.RefreshToken(own).save();
    }
    await next();
  };
}

/** An id_token for these two grants, as OVHcloud's provider gives it to service accounts. */
export function grantIdToken(provider) {
  return async (ctx, next) => {
    await next();
    const { params, client, route } = ctx.oidc ?? {};
    const isOurs = route === 'token' && ['client_credentials', 'password'].includes(params?.grant_type);
    if (!isOurs || !ctx.body?.access_token || !params.scope?.split(' ').includes('openid')) return;
    const account = params.grant_type === 'password' ? params.username : undefined;
    const token = new provider.IdToken({ sub: account ?? client.clientId, ...claimsOf(account, client) }, { ctx });
    token.scope = params.scope;
    ctx.body.id_token = await token.issue({ use: 'idtoken' });
  };
}

/** A person who approves a device: `/approve?user_code=…&account=…`. */
export async function approve(provider, query, response) {
  const code = await provider.DeviceCode.findByUserCode(query.get('user_code').replaceAll('-', ''));
  if (code) {
    const grant = new provider.Grant({ accountId: query.get('account'), clientId: code.clientId });
    grant.addOIDCScope(code.params.scope);
    Object.assign(code, { accountId: query.get('account'), grantId: await grant.save(), scope: code.params.scope });
    await code.save();
  }
  response.writeHead(code ? 204 : 404).end();
}
