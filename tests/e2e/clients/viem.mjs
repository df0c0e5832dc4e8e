// viem: public, wallet and test client over HTTP and WebSocket.
import assert from 'node:assert/strict';
import { DEV_KEY, RPC_URL, TOKEN, WS_URL, bob, check, load, next, rejects, tokenAbi, twin } from './checks.mjs';

const { createPublicClient, createTestClient, createWalletClient, defineChain, http, keccak256, pad, parseEther, webSocket } = load('viem');
const { privateKeyToAccount } = load('viem/accounts');
const { arbitrum } = load('viem/chains');

// Arbitrum One's definition (formatters, fees, contracts) with this chain's id and address.
const chain = defineChain({
  ...arbitrum,
  id: 412_346,
  name: 'stylus-devnode',
  rpcUrls: { default: { http: [RPC_URL], webSocket: [WS_URL] } },
  contracts: {},
});
const account = privateKeyToAccount(DEV_KEY);
const reader = createPublicClient({ chain, transport: http(), pollingInterval: 50 });
const socket = createPublicClient({ chain, transport: webSocket() });
const wallet = createWalletClient({ account, chain, transport: http() });
const test = createTestClient({ chain, mode: 'anvil', transport: http() });

const token = { address: TOKEN, abi: tokenAbi };
const read = (functionName, ...args) => reader.readContract({ ...token, functionName, args });
const write = async (functionName, ...args) => {
  const { request } = await reader.simulateContract({ ...token, account, functionName, args });
  const receipt = await reader.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  assert.equal(receipt.status, 'success');
  return receipt;
};

await check('chain', async () => {
  for (const client of [reader, socket]) {
    assert.equal(await client.getChainId(), chain.id);
    assert.ok((await client.getBlockNumber({ cacheTime: 0 })) > 0n);
  }
  const fees = await reader.estimateFeesPerGas();
  assert.ok(fees.maxFeePerGas > 0n);
});

await check('read', async () => {
  assert.equal(await read('name'), 'Token');
  assert.equal(await read('totalSupply'), 1_000_000n);
  const [symbol, decimals] = await Promise.all([read('symbol'), read('decimals')]);
  assert.deepEqual([symbol, decimals], ['TKN', 18]);
});

await check('write', async () => {
  const receipt = await write('transfer', bob, 7n);
  assert.equal(receipt.logs.length, 1);
  assert.equal(await read('balanceOf', bob), 7n);
  const past = await reader.readContract({ ...token, functionName: 'balanceOf', args: [bob], blockNumber: receipt.blockNumber - 1n });
  assert.equal(past, 0n, 'the balance one block earlier');
});

await check('refusal', async () => {
  await rejects(
    reader.simulateContract({ ...token, account: bob, functionName: 'transfer', args: [account.address, 8n] }),
    'ERC20InsufficientBalance',
  );
});

await check('deploy', async () => {
  const hash = await wallet.deployContract({ abi: tokenAbi, bytecode: twin, args: ['Twin', 'TWN', 5n, account.address] });
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
  assert.equal(await reader.readContract({ address: contractAddress, abi: tokenAbi, functionName: 'symbol' }), 'TWN');
});

await check('watch', async () => {
  for (const client of [socket, reader]) {
    const watch = (onLogs, onError) => client.watchContractEvent({ ...token, eventName: 'Transfer', args: { to: bob }, onLogs, onError });
    const [log] = await next(watch, () => write('transfer', bob, 1n));
    assert.equal(log.args.value, 1n);
  }
  const head = await next((onBlock, onError) => socket.watchBlocks({ onBlock, onError }), () => test.mine({ blocks: 1 }));
  assert.equal(head.hash, (await reader.getBlock({ blockNumber: head.number })).hash);
});

await check('logs', async () => {
  const logs = await reader.getContractEvents({ ...token, eventName: 'Transfer', args: { to: bob }, fromBlock: 0n, strict: true });
  const values = logs.map((log) => log.args.value);
  assert.equal(values[0], 7n);
  assert.equal(values.slice(1).reduce((sum, value) => sum + value, 7n), await read('balanceOf', bob));
});

await check('proof', async () => {
  const slot = pad('0x02');
  const proof = await reader.getProof({ address: TOKEN, storageKeys: [slot] });
  assert.equal(proof.storageProof[0].value, 1_000_000n);
  assert.equal(proof.codeHash, keccak256(await reader.getCode({ address: TOKEN })));
});

await check('mine', async () => {
  const before = await reader.getBlockNumber({ cacheTime: 0 });
  await test.mine({ blocks: 3 });
  assert.equal(await reader.getBlockNumber({ cacheTime: 0 }), before + 3n);
});

await check('balance', async () => {
  await test.setBalance({ address: bob, value: parseEther('3') });
  assert.equal(await reader.getBalance({ address: bob }), parseEther('3'));
});

await check('impersonate', async () => {
  await test.impersonateAccount({ address: bob });
  const { request } = await reader.simulateContract({ ...token, account: bob, functionName: 'transfer', args: [account.address, 2n] });
  const receipt = await reader.waitForTransactionReceipt({ hash: await wallet.writeContract({ ...request, account: bob }) });
  assert.equal(receipt.from.toLowerCase(), bob.toLowerCase());
  await test.stopImpersonatingAccount({ address: bob });
  await assert.rejects(wallet.sendTransaction({ account: bob, to: account.address, value: 1n }));
});

await check('snapshot', async () => {
  const before = await read('balanceOf', bob);
  const id = await test.snapshot();
  await write('transfer', bob, 100n);
  await test.revert({ id });
  assert.equal(await read('balanceOf', bob), before);
});

await check('time', async () => {
  const { timestamp } = await reader.getBlock();
  await test.increaseTime({ seconds: 86_400 });
  await test.mine({ blocks: 1 });
  assert.ok((await reader.getBlock()).timestamp >= timestamp + 86_400n);
});

await check('storage', async () => {
  await test.setStorageAt({ address: TOKEN, index: 2, value: pad('0x2a') });
  assert.equal(await read('totalSupply'), 42n);
});

await check('dump', async () => {
  const state = await test.dumpState();
  const before = await read('balanceOf', bob);
  await write('transfer', bob, 50n);
  await test.loadState({ state });
  assert.equal(await read('balanceOf', bob), before);
  assert.equal(await read('totalSupply'), 42n);
});

await check('reset', async () => {
  await test.reset();
  assert.equal(await reader.getBlockNumber({ cacheTime: 0 }), 0n);
  assert.equal(await reader.getCode({ address: TOKEN }), undefined);
});

process.exit(0);
