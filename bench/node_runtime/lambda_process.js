"use strict";
// A process that does what Lambda's Node.js runtime does: load the handler, then run it on events.
//
// Run as `lambda_process.js MODULE.HANDLER PORT` in the folder of the code. All connections go to that port of
// this machine, whatever their host: names, signatures and TLS are as on AWS. One event a line comes in; one
// line goes out when the handler is loaded.

const https = require("https");
const path = require("path");
const readline = require("readline");

const [handler, port] = process.argv.slice(2);
const { createConnection } = https.Agent.prototype;
https.Agent.prototype.createConnection = function (options, ...more) {
  return createConnection.call(this, { ...options, host: "127.0.0.1", port: Number(port) }, ...more);
};
// Standard output is the line to whoever measures. What the handlers log is dropped, as Lambda drops it at the
// level of the provider framework's functions (FATAL).
console.log = () => {};

const dot = handler.lastIndexOf(".");
const run = require(path.resolve(handler.slice(0, dot)))[handler.slice(dot + 1)];
process.stdout.write("loaded\n");
readline.createInterface({ input: process.stdin }).on("line", (line) => run(JSON.parse(line), {}));
