import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { openPrompt } from './prompt.ts';

function opened() {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk) => (shown += String(chunk)));
  return { input, prompt: openPrompt(input, output), shown: () => shown };
}

it('takes lines that were typed ahead as answers to the next questions', async () => {
  const { input, prompt, shown } = opened();
  input.write('one\ntwo\nthr');
  expect(await prompt.line('First: ')).toBe('one');
  expect(await prompt.line('Second: ')).toBe('two');
  const third = prompt.line('Third: ');
  input.write('ee\n');
  expect(await third).toBe('three');
  expect(shown()).toContain('Second: ');
  prompt[Symbol.dispose]();
});

it('takes the end of input for no answer, before and while it asks', async () => {
  const { input, prompt } = opened();
  const asked = prompt.line('First: ');
  input.end();
  await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  await expect(prompt.line('Second: ')).rejects.toMatchObject({ code: 'interrupted' });
});

it('asks for nothing once it is disposed of', async () => {
  const { prompt } = opened();
  prompt[Symbol.dispose]();
  await expect(prompt.line('First: ')).rejects.toMatchObject({ code: 'interrupted' });
});
