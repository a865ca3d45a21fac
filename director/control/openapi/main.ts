// `npm run openapi`: writes docs/openapi.json from the tables of routes.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildOpenApi, formatOpenApi } from '../openapi.ts';

const FILE = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));

fs.writeFileSync(FILE, formatOpenApi(buildOpenApi()));
