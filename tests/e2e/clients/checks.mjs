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

/** The next value that `subscribe` hands to its callback, after `cause` has happened. */
export async function next(subscribe, cause) {
  let stop;
  const value = new Promise((resolve, reject) => {
    stop = subscribe(resolve, reject);
  });
  await cause();
  const received = await value;
  (await stop)?.();
  return received;
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
