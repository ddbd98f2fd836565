// The reference lexicon validator. Reads {lexicons: […], cases: [{id, record}, …]} on stdin and prints a list:
// for each case null when the record is valid, else what is wrong with it.
import { text } from 'node:stream/consumers'
import { Lexicons, jsonToLex } from '@atproto/lexicon'

const { lexicons, cases } = JSON.parse(await text(process.stdin))
const validator = new Lexicons(lexicons)

const problem = ({ id, record }) => {
  try {
    validator.assertValidRecord(id, jsonToLex(record))
    return null
  } catch (error) {
    return error.message
  }
}

process.stdout.write(JSON.stringify(cases.map(problem)))
