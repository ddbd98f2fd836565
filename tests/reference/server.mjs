// The reference PDS with its own directory of identities (PLC), for the tests.
// Arguments: --port N, --rate-limits, --bypass-key KEY. Prints one line of JSON when it is up and ends
// when its stdin closes, so that it never outlives the tests.
import { parseArgs } from 'node:util'
import { TestNetworkNoAppView } from '@atproto/dev-env'

const { values } = parseArgs({
  options: {
    'port': { type: 'string' },
    'rate-limits': { type: 'boolean', default: false },
    'bypass-key': { type: 'string' },
  },
})

const adminPassword = 'reference-admin'
const jwtSecret = 'the-secret-of-the-reference-pds-in-tests'
const network = await TestNetworkNoAppView.create({
  pds: {
    ...(values.port ? { port: Number(values.port) } : {}),
    adminPassword,
    jwtSecret,
    rateLimitsEnabled: values['rate-limits'],
    rateLimitBypassKey: values['bypass-key'],
  },
})
process.stdout.write(
  JSON.stringify({
    url: network.pds.url,
    plcUrl: network.plc.url,
    adminPassword,
    jwtSecret,
    clockUrl: globalThis.clockUrl ?? null, // of clock.mjs, where that was loaded first
  }) + '\n',
)

// Nothing of it is worth an orderly end: its data lies in a temporary folder that the caller removes.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
