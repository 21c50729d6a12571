// Without keys in the configuration: everybody on this machine, and nobody else, whatever key a client brings along.
import { io } from "socket.io-client";
import WebSocket from "ws";
import { same } from "./common.mjs";
import { client, subscribed } from "./supabase_checks.mjs";

const firstOf = (socket) => new Promise((done) => socket.once("connect", () => done("connect")).once("connect_error", (error) => done(error.message)));

export const openChecks = [
  ["open: any key will do for a dashboard on this machine", async (play) => {
    const channel = client(play, {}, "whatever-the-dashboard-has").channel("ghl:main");
    same(await subscribed(channel), "SUBSCRIBED", "supabase-js");
    same(await firstOf(play.opened(io(play.stage.url, { forceNew: true }))), "connect", "socket.io");
  }],

  ["open: a page from elsewhere that runs on this machine gets nothing", async (play) => {
    const extraHeaders = { Origin: "https://evil.example" };
    for (const transports of [["websocket"], ["polling"]]) {
      same(await firstOf(play.opened(io(play.stage.url, { forceNew: true, transports, extraHeaders }))), "unauthorized", transports[0]);
    }
    class FromElsewhere extends WebSocket {
      constructor(address, protocols) {
        super(address, protocols, { origin: "https://evil.example" });
      }
    }
    const channel = client(play, { transport: FromElsewhere }, "whatever").channel("ghl:main");
    same(await subscribed(channel), "CHANNEL_ERROR", "supabase-js");
    const local = io(play.stage.url, { forceNew: true, extraHeaders: { Origin: "http://localhost:5173" } });
    same(await firstOf(play.opened(local)), "connect", "a page that is developed on this machine");
  }],
];
