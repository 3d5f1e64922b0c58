// A Wechaty Puppet Service gateway without WeChat. Everything between our channel and the puppet is the real
// software; only the puppet is a mock, driven over a control port on 127.0.0.1.
//
//   node gateway.mjs <token> <gateway port> <control port>
//
// Prints "ready" when both ports answer. Ends when its standard input ends, so that it never outlives its tests.
import http from 'node:http'
import { randomUUID } from 'node:crypto'
import { FileBox } from 'file-box'
import { PuppetMock, mock } from 'wechaty-puppet-mock'
import { PuppetServer } from 'wechaty-puppet-service'

const [token, gatewayPort, controlPort] = process.argv.slice(2)
const BOT = 'bot'
const IMAGE = 6
const TEXT = 7
const RECEIVE = 2 // a friend request from somebody else

let sent = []
let accepted = []
let eventStream
const failures = new Map() // conversation id → the error text that sending there gives
const delays = new Map() // id of a contact, room or message → milliseconds before its payload comes
const friendships = new Map()
const pause = id => new Promise(resolve => setTimeout(resolve, delays.get(id) ?? 0))

class RecordingPuppet extends PuppetMock {
  async messageSendText (conversation, text, mentions = []) { return this.record({ conversation, text, mentions }) }

  async messageSendFile (conversation, file) {
    return this.record({ conversation, name: file.name, base64: await file.toBase64() })
  }

  record (message) {
    if (failures.has(message.conversation)) { throw new Error(failures.get(message.conversation)) }
    if (!this.isLoggedIn) { throw new Error('not logged in') }
    const id = randomUUID()
    sent.push({ id, at: performance.now(), ...message })
    echo(id, message)
    return id
  }

  async contactRawPayload (id) { await pause(id); return super.contactRawPayload(id) }
  async roomRawPayload (id) { await pause(id); return super.roomRawPayload(id) }
  async messageRawPayload (id) { await pause(id); return super.messageRawPayload(id) }
  async friendshipRawPayload (id) { return friendships.get(id) }
  async friendshipAccept (id) { accepted.push(id) }
}

const mocker = new mock.Mocker()
const puppet = new RecordingPuppet({ mocker })
puppet.on('error', () => {}) // Node ends a program whose 'error' event nobody hears

// The environment is set up again at every start of the puppet, and a client's stop() causes one.
mocker.use(() => {
  if (!mocker.cacheContactPayload.has(BOT)) { mocker.createContact({ id: BOT, name: '小善', friend: true }) }
  if (!puppet.isLoggedIn) { puppet.login(BOT) }
  return () => {}
})

function arrive ({ from, to = BOT, room, text = '', mentions = [], type = TEXT, id = randomUUID(), timestamp = Date.now() }) {
  const conversation = room ? { roomId: room, mentionIdList: mentions } : { listenerId: to }
  mocker.MessageMock.create({ id, talkerId: from, type, text, timestamp, ...conversation })
  const at = performance.now() // of the same clock as `at` of what is sent
  puppet.emit('message', { messageId: id })
  return { id, at }
}

// WeChat gives a bot its own messages back; so do gateways.
function echo (id, { conversation, text, mentions }) {
  const isRoom = mocker.cacheRoomPayload.has(conversation)
  const target = isRoom ? { room: conversation } : { to: conversation }
  arrive({ id, from: BOT, text, mentions, type: text === undefined ? IMAGE : TEXT, ...target })
}

function put (cache, create, payload) {
  const known = cache.get(payload.id)
  known ? Object.assign(known, payload) : create(payload)
}

const control = {
  contact: payload => put(mocker.cacheContactPayload, p => mocker.createContact(p), payload),
  rename: ({ id, name }) => { mocker.cacheContactPayload.get(id).name = name; return puppet.dirtyPayload(2, id) },
  room: ({ id, topic, members }) =>
    put(mocker.cacheRoomPayload, p => mocker.createRoom(p), { id, topic, memberIdList: [BOT, ...members] }),
  topic: ({ room, topic, by }) => mocker.RoomMock.load(room).topic(topic).by(mocker.ContactMock.load(by)),
  list: () => ({
    contacts: [...mocker.cacheContactPayload.values()],
    rooms: [...mocker.cacheRoomPayload.values()],
  }),
  say: arrive,
  again: ({ id }) => { puppet.emit('message', { messageId: id }) },
  photo: ({ name, base64, ...message }) => {
    const id = randomUUID()
    mocker.cacheFileBoxPayload.set(id, FileBox.fromBase64(base64, name).toJSON())
    return arrive({ ...message, id, type: IMAGE })
  },
  friend: ({ id, contact, hello }) => {
    friendships.set(id, { id, contactId: contact, hello, type: RECEIVE, ticket: 'ticket' })
    puppet.emit('friendship', { friendshipId: id })
  },
  accepted: () => accepted,
  sent: ({ since = 0 }) => sent.slice(since),
  fail: ({ conversation, error }) => { error ? failures.set(conversation, error) : failures.delete(conversation) },
  delay: ({ id, milliseconds }) => { delays.set(id, milliseconds) },
  error: () => { puppet.emit('error', { data: 'a fault of the puppet' }) },
  logout: () => puppet.logout(),
  login: () => { puppet.login(BOT) },
  end: () => { eventStream.end() },
  listening: () => Boolean(eventStream && !eventStream.cancelled && !eventStream.destroyed && !eventStream.writableEnded),
  reset: () => {
    sent = []
    accepted = []
    failures.clear()
    delays.clear()
    if (!puppet.isLoggedIn) { puppet.login(BOT) }
  },
}

async function body (request) {
  let text = ''
  for await (const chunk of request) { text += chunk }
  return text ? JSON.parse(text) : {}
}

const door = http.createServer(async (request, response) => {
  try {
    const answer = await control[request.url.slice(1)](await body(request))
    response.end(JSON.stringify(answer ?? null))
  } catch (error) {
    response.writeHead(500).end(String(error.stack))
  }
})

// The server keeps its event stream to itself; the tests need to end it.
function watchEventStream (server) {
  const handler = server.grpcServer.handlers.get('/wechaty.Puppet/Event')
  const serve = handler.func
  handler.func = call => {
    call.once('error', () => {})
    eventStream ??= call
    for (const end of ['cancelled', 'finish', 'close']) {
      call.on(end, () => { if (eventStream === call) { eventStream = undefined } })
    }
    serve(call)
  }
}

const server = new PuppetServer({ endpoint: `127.0.0.1:${gatewayPort}`, puppet, token, tls: { disable: true } })
await puppet.start()
await server.start()
watchEventStream(server)
await new Promise(resolve => door.listen(Number(controlPort), '127.0.0.1', resolve))
process.stdin.resume().on('end', () => process.exit(0))
console.log('ready')
