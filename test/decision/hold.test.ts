import { hold } from '../../src/decision/gates/hold.ts'
import { testGate } from '../support/gate-tester.ts'
import { aBot, aLabel, ann, aSnapshot } from '../support/snapshot.ts'

const labelled = (what = {}) => aSnapshot({ labels: [aLabel({ name: 'hold', ...what })] })

testGate('hold', hold, {
  valid: [
    { name: 'a pull request without labels', snapshot: aSnapshot(), title: 'Not on hold' },
    { name: 'another label', snapshot: labelled({ name: 'urgent' }) },
    { name: 'a label whose name begins alike', snapshot: labelled({ name: 'hold-my-beer' }) },
    {
      name: 'the default label, where another one is set',
      settings: { label: 'wait' },
      snapshot: labelled(),
    },
  ],
  invalid: [
    {
      name: 'the label, and says who added it and who can take it off',
      snapshot: labelled({ by: ann }),
      state: 'waiting',
      title: 'On hold by ann',
      says: ['`ann` added the label `hold`', 'Anyone with triage access'],
      next: [],
    },
    {
      name: 'the label in another case, as GitHub takes it',
      snapshot: labelled({ name: 'Hold' }),
      state: 'waiting',
    },
    {
      name: 'the label beside the one that lifts the window',
      snapshot: aSnapshot({ labels: [aLabel({ name: 'urgent' }), aLabel({ name: 'hold' })] }),
      state: 'waiting',
      says: 'even for an urgent change',
    },
    {
      name: 'the label that a bot added: what holds back needs no authority',
      snapshot: labelled({ by: aBot('triage') }),
      state: 'waiting',
      title: 'On hold by triage[bot]',
    },
    {
      name: 'the label that the App put on for a person, with the reason of the comment',
      snapshot: labelled({ by: ann, order: { comment: 5, reason: 'legal reads `it` first' } }),
      state: 'waiting',
      title: 'On hold by ann',
      says: '`ann` added the label `hold` with a comment: ``legal reads `it` first``. It blocks',
    },
    {
      name: 'the label of somebody whom GitHub does not name',
      snapshot: labelled({ by: null, at: null }),
      state: 'waiting',
      title: 'On hold',
      says: 'An unknown user',
    },
    {
      name: 'a label of another name, where the setting says so',
      settings: { label: 'wait' },
      snapshot: labelled({ name: 'wait' }),
      state: 'waiting',
      says: '`wait`',
    },
  ],
})
