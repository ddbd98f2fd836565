// Loaded before a script (--import), it puts a clock that can be moved in the place of the process's own: for
// the time of day, and for timers that wait a minute or longer. POST /MILLISECONDS to `clockUrl` moves it.
import http from 'node:http'

const LONG = 60_000
const RealDate = Date
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis
let offset = 0
const timers = new Set()

class MovedDate extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [MovedDate.now()]))
  }
  static now() {
    return RealDate.now() + offset
  }
}

class LongTimer {
  constructor(call, delay, given) {
    this.call = () => {
      timers.delete(this)
      call(...given)
    }
    this.due = MovedDate.now() + delay
    this.real = realSetTimeout(this.call, delay)
    timers.add(this)
  }
  unref() {
    this.real.unref()
    return this
  }
  ref() {
    this.real.ref()
    return this
  }
  [Symbol.toPrimitive]() {
    return this.real[Symbol.toPrimitive]()
  }
}

function clear(timer) {
  timers.delete(timer)
  realClearTimeout(timer instanceof LongTimer ? timer.real : timer)
}

function move(milliseconds) {
  offset += milliseconds
  for (const timer of [...timers].filter((each) => each.due <= MovedDate.now())) {
    realClearTimeout(timer.real)
    timer.call()
  }
}

globalThis.Date = MovedDate
globalThis.setTimeout = (call, delay, ...given) =>
  delay >= LONG ? new LongTimer(call, delay, given) : realSetTimeout(call, delay, ...given)
globalThis.clearTimeout = clear

// Node writes the header from a clock of its own.
const { writeHead } = http.ServerResponse.prototype
http.ServerResponse.prototype.writeHead = function (...given) {
  this.setHeader('Date', new Date().toUTCString())
  return writeHead.apply(this, given)
}

const server = http.createServer((request, response) => {
  move(Number(request.url.slice(1)))
  response.end()
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
server.unref()
globalThis.clockUrl = `http://127.0.0.1:${server.address().port}`
