// ethers 6: providers over HTTP and WebSocket, a wallet, contracts and their events.
import assert from 'node:assert/strict';
import { DEV_KEY, RPC_URL, TOKEN, WS_URL, bob, check, load, next, rejects, tokenAbi, twin } from './checks.mjs';

const { Contract, ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider } = load('ethers');

// What is asked at once goes out as one batch.
const provider = new JsonRpcProvider(RPC_URL, undefined, { pollingInterval: 50, cacheTimeout: -1 });
const socket = new WebSocketProvider(WS_URL);
const wallet = new Wallet(DEV_KEY, provider);
const token = new Contract(TOKEN, tokenAbi, wallet);

await check('network', async () => {
  for (const each of [provider, socket]) assert.equal((await each.getNetwork()).chainId, 412_346n);
});

await check('read', async () => {
  assert.equal(await token.name(), 'Token');
  assert.equal(await token.totalSupply(), 1_000_000n);
});

await check('write', async () => {
  const receipt = await (await token.transfer(bob, 7n)).wait();
  assert.equal(receipt.status, 1);
  assert.equal(await token.balanceOf(bob), 7n);
  assert.equal(await token.balanceOf(bob, { blockTag: receipt.blockNumber - 1 }), 0n);
});

await check('refusal', async () => {
  await rejects(token.connect(provider).transfer.staticCall(bob, 8n, { from: bob }), 'ERC20InsufficientBalance');
});

await check('deploy', async () => {
  const contract = await new ContractFactory(tokenAbi, twin, wallet).deploy('Twin', 'TWN', 5n, wallet.address);
  await contract.waitForDeployment();
  assert.equal(await contract.symbol(), 'TWN');
});

await check('events', async () => {
  const listener = token.connect(socket);
  const listen = (resolve) => listener
    .on(listener.filters.Transfer(null, bob), (event) => resolve(event.args.value))
    .then(() => () => listener.removeAllListeners());
  const value = await next(listen, async () => (await token.transfer(bob, 3n)).wait());
  assert.equal(value, 3n);
  const past = await token.queryFilter(token.filters.Transfer(null, bob), 0);
  assert.deepEqual(past.slice(0, 2).map((event) => event.args.value), [7n, 3n]);
});

await check('batch', async () => {
  const blocks = await Promise.all([...Array(5).keys()].map((number) => provider.getBlock(number)));
  assert.deepEqual(blocks.map((block) => block?.number), (await provider.getBlockNumber()) >= 4 ? [0, 1, 2, 3, 4] : [0, 1, 2, 3, undefined]);
});

process.exit(0);
