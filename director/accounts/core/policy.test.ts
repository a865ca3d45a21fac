import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairleadError } from '../../model/error.ts';
import { anyText } from '../support/text.ts';
import { checkPassword } from './policy.ts';
import { WELL_KNOWN } from './well-known.ts';

const NAMES = { user: 'ann', places: ['fairlead', 'web-shop', 'lb1', 'lb2'] };

function why(password: string, user = NAMES.user): string {
  try {
    checkPassword(password, { ...NAMES, user });
    return '';
  } catch (error) {
    expect(error).toMatchObject({ code: 'weak-password', remedy: expect.any(String) });
    return (error as FairleadError).message;
  }
}

describe('a password', () => {
  it.each([
    ['seven green kettles hum'],
    ['Tr4mway-Lobster-19'],
    ['xK9#mQ2$vL5!'],
    ['пароль из четырёх слов'],
    ['東京の夜は静かで雨が降る'],
    ['  blanks count, too  '],
    ['🦀🐙🦑🐚🐠🐡🦐🦞🐬🐳🐋🦈'],
  ])('%s will do', (password) => expect(why(password)).toBe(''));

  it.each([
    ['', 'it has 0 characters'],
    ['x', 'it has 1 character, and 12'],
    ['elevenchars', 'it has 11 characters'],
    ['🦀🐙🦑🐚🐠🐡', 'it has 6 characters'],
    ['aaaaaaaaaaaaaaaa', 'one character again and again'],
    ['AaAaAaAaAaAaAa', 'one character again and again'],
    ['            ', 'one character again and again'],
    ['ababababababab', 'only 2 different'],
    ['seven green\tkettles', 'a control character'],
    ['seven green kettles\n', 'a control character'],
    ['seven\0green\0kettles', 'a control character'],
    ['seven green kettles \ud800', 'not well-formed'],
    ['annannannann', 'only 2 different'],
    ['fairlead-2024!', 'names that anybody can see'],
    ['Fairlead.Fairlead', 'names that anybody can see'],
    ['web-shop-lb1-lb2', 'names that anybody can see'],
    ['ann@fairlead.lb1', 'names that anybody can see'],
    ['ｆａｉｒｌｅａｄ１２３４', 'names that anybody can see'],
    ['123456789012', 'tried first'],
    ['0987654321098', 'tried first'],
    ['abcdefghijklmno', 'tried first'],
    ['1qaz2wsx3edc', 'tried first'],
    ['correct horse battery staple', 'tried first'],
    ['Password1234', 'words that are tried first'],
    ['P@ssw0rd2024!!', 'words that are tried first'],
    ['ChangeMe!Please', 'words that are tried first'],
    ['qwertyuiop123', 'words that are tried first'],
    ['admin-admin-admin', 'words that are tried first'],
    ['fairleadadmin2024', 'words that are tried first'],
    ['Summer2024!Winter', 'words that are tried first'],
  ])('%j will not', (password, because) => expect(why(password)).toContain(because));

  it('is not the name of its account, however decorated', () => {
    expect(why('hildegard-von-b', 'hildegard-von-b')).toContain('name of the account');
    expect(why('Hildegard.Von.B.99', 'hildegard-von-b')).toContain('name of the account');
    expect(why('hildegard-von-b', 'ann')).toBe('');
  });

  it('none of those on the list passes', () => {
    for (const password of WELL_KNOWN) expect(why(password), password).not.toBe('');
  });

  it('whatever it is, it passes or is refused with a sentence that does not quote it', () => {
    const anything = fc.oneof(
      anyText(64),
      fc
        .array(fc.constantFrom('a', 'aa', 'ann', 'password', 'fairlead'), { maxLength: 60 })
        .map((words) => words.join('')),
    );
    fc.assert(
      fc.property(anything, (password) => {
        try {
          checkPassword(password, NAMES);
        } catch (error) {
          expect(error).toBeInstanceOf(FairleadError);
          const { message } = error as FairleadError;
          if (password.length > 11) expect(message).not.toContain(password);
        }
      }),
    );
  });

  it('is judged in no time, however its parts overlap', () => {
    // A pattern would try every way to cut this; a table does not.
    expect(why(`${'a'.repeat(1_000)}qXyz`, 'aa')).toBe('');
  });
});
