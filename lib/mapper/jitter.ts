/**
 * The point that a map may show for a record without consent: somewhere in its geohash cell, always the same,
 * and impossible to compute back without the secret.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { RecordKey } from "./collection.ts";
import { geohashCell } from "./geo/geohash.ts";

/** `[longitude, latitude]` in degrees. */
export type Point = readonly [longitude: number, latitude: number];

const BLOCK_BYTES = 64;

/** The two key blocks of RFC 2104. */
interface PaddedKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const paddedKeys = new Map<string, PaddedKey>();

/**
 * A point inside the cell of `geohash`, uniform over its area: derived from the HMAC-SHA-256 of the record's
 * key and the geohash. It reveals no more than the geohash, and moves only when the geohash does.
 */
export function jitteredPoint(key: RecordKey, geohash: string, secret: string): Point {
  const cell = geohashCell(geohash);
  const text = `${key.did}\0${key.collection}\0${key.rkey}\0${geohash}`;
  const digest = hmacSha256(secret, text);
  const across = fraction(digest.slice(0, 12));
  const up = fraction(digest.slice(12, 24));
  const lng = cell.west + across * (cell.east - cell.west);
  // Parallels get shorter towards the poles: equal areas are equal steps of the sine of the latitude.
  const sinSouth = Math.sin(radians(cell.south));
  const sinNorth = Math.sin(radians(cell.north));
  const lat = degrees(Math.asin(sinSouth + up * (sinNorth - sinSouth)));
  return [within(lng, cell.west, cell.east), within(lat, cell.south, cell.north)];
}

/**
 * HMAC-SHA-256 (RFC 2104) in lower-case hex, from two plain hashes: `createHmac` takes twice as long in Deno
 * and prints a deprecation warning in 2.4, and a digest as bytes takes twice as long as hex.
 */
export function hmacSha256(secret: string, text: string): string {
  const { inner, outer } = paddedKey(secret);
  const digest = createHash("sha256").update(inner).update(text).digest();
  return createHash("sha256").update(outer).update(digest).digest("hex");
}

function paddedKey(secret: string): PaddedKey {
  const known = paddedKeys.get(secret);
  if (known !== undefined) return known;
  const raw = Buffer.from(secret);
  const key: Uint8Array = raw.length > BLOCK_BYTES
    ? createHash("sha256").update(raw).digest()
    : raw;
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(key);
  const padded = {
    inner: Buffer.from(block.map((byte) => byte ^ 0x36)),
    outer: Buffer.from(block.map((byte) => byte ^ 0x5c)),
  };
  // A process has one secret; tests have a few.
  if (paddedKeys.size >= 16) paddedKeys.clear();
  paddedKeys.set(secret, padded);
  return padded;
}

/** 48 bits in hex as a number from 0 up to, and not including, 1. */
function fraction(hex: string): number {
  return Number.parseInt(hex, 16) / 2 ** 48;
}

/** Rounding may cross a border of the cell, and the upper borders belong to the neighbour. */
function within(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high - (high - low) * 1e-9);
}

function radians(value: number): number {
  return value * Math.PI / 180;
}

function degrees(value: number): number {
  return value * 180 / Math.PI;
}
