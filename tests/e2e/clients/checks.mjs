// What the scripts beside this file share: packages of scripts/npm, the environment that the test sets, named checks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const load = createRequire(new URL('../../../scripts/npm/package.json', import.meta.url));
export const { RPC_URL, WS_URL, DEV_KEY, TOKEN } = process.env;
export const tokenAbi = JSON.parse(readFileSync(process.env.TOKEN_ABI));
export const twin = JSON.parse(readFileSync(process.env.TWIN)).bytecode.object;
export const bob = '0x00000000000000000000000000000000000b0b00';

/** Runs a check and prints its name; a failure ends the script. */
export async function check(name, body) {
  await Promise.race([body(), timeout(name)]);
  console.log(name);
}

/** The first value that `subscribe` hands to its callback. Nobody says when a subscription is in place, so `cause` is
 * repeated until then. */
export async function next(subscribe, cause) {
  let stop;
  let received = false;
  const value = new Promise((resolve, reject) => {
    stop = subscribe(resolve, reject);
  }).finally(() => {
    received = true;
  });
  while (!received) {
    await cause();
    await Promise.race([value, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  (await stop)?.();
  return value;
}

export async function rejects(promise, words) {
  await assert.rejects(promise, (error) => {
    const text = String(error?.message ?? error);
    assert.ok(text.includes(words), `"${words}" is not in: ${text}`);
    return true;
  });
}

function timeout(name) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${name}: no end after 30 s`)), 30_000).unref();
  });
}
