export type PemLabel = 'PRIVATE KEY' | 'PUBLIC KEY' | 'CERTIFICATE';

export function normalizePem(text: string): string;
export function explainPem(text: string, wanted: PemLabel, variable: string): string;
export function certificatesOf(text: string, variable: string): string;
