// A server on Node's ws, of the same behaviours and events as server.py.

const crypto = require('crypto');
const { WebSocketServer } = require('ws');

const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }));

const behaviours = {
  echo(ws) {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  },

  // Wants messages back.
  async ask_echo(ws) {
    for (const message of ['text ✓', Buffer.from([0, 255]), '', Buffer.alloc(0), 'x'.repeat(100_000)]) {
      const answer = new Promise((resolve) => ws.once('message', (data, binary) => resolve({ data, binary })));
      ws.send(message);
      const { data, binary } = await answer;
      if (binary === (typeof message === 'string') || !data.equals(Buffer.from(message))) {
        ws.close(1011, 'that is not what was sent');
      }
    }
    ws.close(1000);
  },

  // Takes everything, and says what it was.
  sink(ws, query) {
    const digest = crypto.createHash('sha256');
    let count = 0;
    ws.on('message', (data) => {
      digest.update(data);
      count += 1;
    });
    ws.on('close', () => tell('received', { id: query.get('id'), count, sha256: digest.digest('hex') }));
  },

  // Sends many messages, and closes at once.
  flood(ws, query) {
    for (let number = 0; number < Number(query.get('count')); number += 1) ws.send(`message ${number}`);
    ws.close(1000);
  },

  fragments(ws) {
    const message = (binary, ...parts) =>
      parts.forEach((part, index) => ws.send(part, { binary, fin: index === parts.length - 1 }));
    message(false, 'in ', '', 'three ', 'frames');
    // A character's bytes may come in different frames.
    const split = [[0xe2, 0x9c], [0x93, 0x20, 0xf0], [0x9f, 0x98, 0x80]];
    message(false, ...split.map((bytes) => Buffer.from(bytes)));
    message(false, '');
    message(true, ...Array.from({ length: 100 }, (_, index) => 'abcdefgh'.repeat(index)));
    ws.close(1000);
  },

  close(ws, query) {
    ws.close(Number(query.get('code')), query.get('reason') ?? '');
  },

  // Ends the TCP connection in order, but without a Close.
  ten_then_fin(ws) {
    for (let number = 0; number < 10; number += 1) ws.send(`message ${number}`);
    ws._socket.end();
  },

  // Breaks the TCP connection off.
  reset(ws) {
    ws._socket.resetAndDestroy();
  },

  async ping(ws, query) {
    const seconds = [];
    for (let number = 0; number < 5; number += 1) seconds.push(await roundTrip(ws, `ping ${number}`));
    tell('latency', { id: query.get('id'), seconds });
    ws.close(1000);
  },
};

function roundTrip(ws, payload) {
  const start = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    ws.once('pong', (data) => {
      if (data.toString() !== payload) reject(new Error(`${payload} was answered by ${data}`));
      resolve(Number(process.hrtime.bigint() - start) / 1e9);
    });
    ws.ping(payload);
  });
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: true,
  handleProtocols: (offered) => ['chat.v2', 'chat.v1'].find((name) => offered.has(name)) ?? false,
  verifyClient({ req }, decide) {
    const expected = `Basic ${Buffer.from('user:pass:word').toString('base64')}`;
    const open = !req.url.includes('guarded') || req.headers.authorization === expected;
    decide(open, 401, 'Unauthorized', { 'WWW-Authenticate': 'Basic realm="interop"' });
  },
});

server.on('connection', (ws, request) => {
  const url = new URL(request.url, 'ws://server');
  const id = url.searchParams.get('id');
  const headers = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers.push(request.rawHeaders.slice(index, index + 2));
  }
  const extensions = Object.keys(ws._extensions);
  tell('open', { id, target: request.url, headers, subprotocol: ws.protocol || null, extensions });
  ws.on('error', () => {}); // A connection that breaks is told about as closed by 1006.
  ws.on('close', (code, reason) => tell('close', { id, code, reason: reason.toString() }));
  behaviours[url.pathname.slice(1)](ws, url.searchParams);
});
server.on('listening', () => tell('listening', { port: server.address().port }));
