import { createMemoryEngine } from '../../director/engine/memory/memory-engine.ts';
import { packetPathRules } from './rules/all.ts';

packetPathRules(createMemoryEngine);
