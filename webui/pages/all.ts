// Every page of the console.
import type { Page } from '../page.ts';
import { overviewPages } from './overview.ts';

export const PAGES: readonly Page[] = [...overviewPages];
