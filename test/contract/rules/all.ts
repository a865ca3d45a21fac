// Every rule of docs/packet-path.md, for whichever engine takes synthetic packets.
import { admissionRules } from './admission.ts';
import { answerRules } from './answers.ts';
import type { EngineFactory } from './bench.ts';
import { findingRules } from './finding.ts';
import { guardingRules } from './guarding.ts';
import { icmpRules } from './icmp.ts';
import { parsingRules } from './parsing.ts';
import { persistenceRules } from './persistence.ts';
import { removalRules } from './removal.ts';
import { rewritingRules } from './rewriting.ts';
import { stepRules } from './steps.ts';

export function packetPathRules(create: EngineFactory): void {
  parsingRules(create);
  findingRules(create);
  admissionRules(create);
  guardingRules(create);
  persistenceRules(create);
  rewritingRules(create);
  icmpRules(create);
  answerRules(create);
  removalRules(create);
  stepRules(create);
}
