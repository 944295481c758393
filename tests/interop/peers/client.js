// A client that carries out the same plans as client.py, on Node's ws, or with the argument `builtin` on the WebSocket
// that Node itself has, which knows neither pings nor headers.

const fs = require('fs');

const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const plan = JSON.parse(fs.readFileSync(0));

/** Messages that have come and not been asked for yet, and whoever waits for one; null stands for the end. */
const arrived = [];
let wanted = null;

function arrive(message) {
  arrived.push(message);
  wanted?.();
}

async function next() {
  while (arrived.length === 0) {
    await new Promise((resolve) => {
      wanted = resolve;
    });
  }
  return arrived[0] === null ? null : arrived.shift();
}

async function receive(ws, count) {
  for (let left = count; left > 0; left -= 1) {
    const message = await next();
    if (message === null) return;
    if (typeof message === 'string') tell('text', { data: message });
    else tell('binary', { data: Buffer.from(message).toString('base64') });
  }
}

const steps = {
  text: (ws, text) => ws.send(text),
  binary: (ws, base64) => ws.send(Buffer.from(base64, 'base64')),
  fragments: (ws, parts) => parts.forEach((part, index) => ws.send(part, { fin: index === parts.length - 1 })),
  receive,
  async ping(ws, payload) {
    const start = process.hrtime.bigint();
    const pong = new Promise((resolve) => ws.once('pong', resolve));
    ws.ping(payload);
    const answer = (await pong).toString();
    if (answer !== payload) throw new Error(`${payload} was answered by ${answer}`);
    tell('pong', { seconds: Number(process.hrtime.bigint() - start) / 1e9 });
  },
  close: (ws, code, reason) => ws.close(code, reason),
  abort: (ws) => ws._socket.resetAndDestroy(),
  wait: (ws) => receive(ws, Infinity),
};

async function carryOut(ws) {
  for (const [verb, ...words] of plan.steps) await steps[verb](ws, ...words);
}

function useWs() {
  const WebSocket = require('ws');
  const ws = new WebSocket(plan.url, plan.subprotocols, { headers: plan.headers, perMessageDeflate: true });
  let headers = [];
  ws.on('upgrade', (response) => {
    headers = Object.entries(response.headers);
  });
  ws.on('open', () => {
    const extensions = Object.keys(ws._extensions);
    tell('open', { subprotocol: ws.protocol || null, extensions, headers });
    carryOut(ws);
  });
  ws.on('message', (data, binary) => arrive(binary ? data : data.toString()));
  ws.on('close', (code, reason) => {
    arrive(null);
    tell('close', { code, reason: reason.toString() });
  });
}

function useBuiltin() {
  const ws = new globalThis.WebSocket(plan.url, plan.subprotocols);
  ws.binaryType = 'arraybuffer';
  ws.addEventListener('open', () => {
    const extensions = ws.extensions ? [ws.extensions] : [];
    tell('open', { subprotocol: ws.protocol || null, extensions, headers: [] });
    carryOut(ws);
  });
  ws.addEventListener('message', ({ data }) => arrive(data));
  ws.addEventListener('close', ({ code, reason }) => {
    arrive(null);
    tell('close', { code, reason });
  });
}

if (process.argv[2] === 'builtin') useBuiltin();
else useWs();
