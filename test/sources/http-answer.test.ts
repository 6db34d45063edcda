// Short answers of HTTP/1.1 as octets: complete, not yet complete, or left to the other client (RFC 9112).
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/sources/http-answer.ts';

/** @param head lines behind the status line */
function answer(head: readonly string[], body = '', status = '200 OK'): Buffer {
  return Buffer.from([`HTTP/1.1 ${status}`, ...head, '', body].join('\r\n'), 'utf8');
}

function chunked(...parts: readonly string[]): string {
  return [...parts, ''].map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('');
}

describe('a short answer', () => {
  it('ends where its length says', () => {
    const body = '{"a":"ü€"}';
    expect(readAnswer(answer(['Server: Docker', 'Content-LENGTH :13 ', 'Date: today'], body))).toEqual({
      status: 200,
      text: body,
      isLast: false,
    });
    expect(readAnswer(answer(['content-length: 0']))).toMatchObject({ text: '' });
  });

  it('ends behind the chunk without octets', () => {
    const octets = answer(['Transfer-Encoding: chunked'], chunked('{"a":', '"b"', '}'));
    expect(readAnswer(octets)).toEqual({ status: 200, text: '{"a":"b"}', isLast: false });
    expect(readAnswer(answer(['transfer-encoding: Chunked'], '3;name=value\r\nabc\r\n0\r\n\r\n'))).toMatchObject({
      text: 'abc',
    });
    expect(readAnswer(answer(['transfer-encoding: chunked'], '0\r\n\r\n'))).toMatchObject({ text: '' });
  });

  it('may have a character that is cut by the end of a chunk', () => {
    const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)];
    const octets = Buffer.concat([
      answer(['transfer-encoding: chunked'], '1\r\n'),
      first,
      Buffer.from('\r\n1\r\n'),
      second,
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
    expect(readAnswer(octets)).toMatchObject({ text: 'ü' });
  });

  it.each([
    ['with a length', answer(['content-length: 20', 'date: today'], '01234567890123456789')],
    ['in chunks', answer(['date: today', 'transfer-encoding: chunked'], chunked('0123456789', 'abcdefghijklmnopqrs'))],
  ])('%s is not complete before its last octet', (_, octets) => {
    for (let length = 0; length < octets.length; length++)
      expect(readAnswer(octets.subarray(0, length)), `${length} octets`).toBe('more');
    expect(readAnswer(octets)).toMatchObject({ status: 200, isLast: false });
  });

  it('says any status that has a body', () => {
    expect(readAnswer(answer(['content-length: 2'], '{}', '404 Not Found'))).toMatchObject({ status: 404, text: '{}' });
    expect(readAnswer(answer(['content-length: 2'], '{}', '500'))).toMatchObject({ status: 500 });
  });

  it('is the last one of its connection when the server says so, or more came than was asked for', () => {
    expect(readAnswer(answer(['connection: close', 'content-length: 1'], 'a'))).toMatchObject({ isLast: true });
    expect(readAnswer(answer(['Connection: Keep-Alive', 'content-length: 1'], 'a'))).toMatchObject({ isLast: false });
    expect(readAnswer(answer(['content-length: 1'], 'aHTTP/1.1'))).toMatchObject({ text: 'a', isLast: true });
  });
});

describe('left to the other client', () => {
  it.each([
    ['what is no HTTP/1.1', Buffer.from('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n')],
    ['what is no HTTP', Buffer.from('{"message":"hello"}\r\n\r\n')],
    ['what comes before the answer', answer([], '', '103 Early Hints')],
    ['an answer that has no body', answer(['content-length: 0'], '', '204 No Content')],
    ['one that did not change', answer(['content-length: 0'], '', '304 Not Modified')],
    ['a body that ends with the connection', answer(['connection: close'], 'abc')],
    ['a body whose end is said twice', answer(['content-length: 3', 'transfer-encoding: chunked'], chunked('abc'))],
    ['two lengths', answer(['content-length: 3', 'content-length: 3'], 'abc')],
    ['a length that is none', answer(['content-length: +3'], 'abc')],
    ['an encoding of the transfer that we know not', answer(['transfer-encoding: gzip, chunked'], chunked('abc'))],
    ['a compressed body', answer(['content-encoding: gzip', 'content-length: 3'], 'abc')],
    ['a chunk whose size is none', answer(['transfer-encoding: chunked'], 'x\r\nabc\r\n0\r\n\r\n')],
    ['a chunk that is longer than it says', answer(['transfer-encoding: chunked'], '2\r\nabc\r\n0\r\n\r\n')],
    [
      'what is said behind the last chunk',
      answer(['transfer-encoding: chunked'], '1\r\na\r\n0\r\nname: value\r\n\r\n'),
    ],
    ['a head without an end', Buffer.alloc(20_000, 'HTTP/1.1 200 OK\r\nname: value\r\n')],
    ['a size without an end', answer(['transfer-encoding: chunked'], '0'.repeat(300))],
  ])('%s', (_, octets) => {
    expect(readAnswer(octets)).toBe('other');
  });
});
