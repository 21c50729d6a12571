// Many subscribers in one process: websockets that speak just enough of Socket.IO, or of Supabase Realtime. Told by its parent:
// {connect: n}, {watch: events}; tells {ready}, {done, delays, deliveries, bytes} (delays in ms, from the time in the event).
import WebSocket from "ws";

const [url, protocol, topic] = process.argv.slice(2);
const sockets = [];
let expected = 0;
let delays = [];
let deliveries = 0;
let bytes = 0;

const protocols = {
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    opened() {},
    heard(socket, text, done) {
      if (text[0] === "2") return socket.send("3");
      if (text[0] === "0") return socket.send("40");
      if (text.startsWith("40")) return socket.send(`420["subscribe",${JSON.stringify(topic)}]`);
      if (text.startsWith("430")) return done(socket);
      if (text.startsWith('42["entry"')) count(text);
    },
  },
  phoenix: {
    path: "/realtime/v1/websocket?vsn=2.0.0&apikey=none",
    opened(socket) {
      socket.send(JSON.stringify(["1", "1", `realtime:${topic}`, "phx_join", { config: { broadcast: { self: false }, presence: { key: "" }, postgres_changes: [] } }]));
    },
    heard(socket, text, done) {
      if (text.includes('"phx_reply"')) return done(socket);
      if (text.includes("sent-")) count(text);
    },
  },
}[protocol];

function count(text) {
  ++deliveries;
  bytes += text.length;
  const at = text.indexOf("sent-");
  delays.push(Date.now() - Number(text.slice(at + 5, at + 18)));
  if (deliveries === expected) process.send({ done: true, delays, deliveries, bytes });
}

function subscribe() {
  return new Promise((done, failed) => {
    const socket = new WebSocket(url.replace("http", "ws") + protocols.path, { perMessageDeflate: false });
    socket.on("error", failed);
    socket.on("open", () => protocols.opened(socket));
    socket.on("message", (message) => protocols.heard(socket, message.toString(), done));
  });
}

process.on("message", async ({ connect, watch }) => {
  if (connect) {
    while (sockets.length < connect) sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, connect - sockets.length) }, subscribe))));
    process.send({ ready: true });
  }
  if (watch) {
    deliveries = 0;
    bytes = 0;
    delays = [];
    expected = watch * sockets.length;
    process.send({ ready: true });
  }
});
