/**
 * What functions can be compared on.
 */
import type { DeviceRow } from "@cotangent/testing/devices"
import { every } from "@cotangent/testing/devices"

/** What `--device` accepts; with none, functions are checked on the reference alone. */
export const devices: Readonly<Record<string, DeviceRow | undefined>> = { ...every, none: undefined }
