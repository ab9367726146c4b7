import { nullable, primaryKey, table, text, time } from '../../db/table.ts';

export const ROLES = table('roles', {
  name: primaryKey(text(64)),
  description: nullable(text(200)),
  version: time(),
  createdAt: time(),
  updatedAt: time(),
});

export const PERMISSIONS = table('permissions', {
  name: primaryKey(text(128)),
  description: nullable(text(200)),
  createdAt: time(),
});

export const ROLE_PERMISSIONS = table('role_permissions', {
  role: primaryKey(text(64)),
  permission: primaryKey(text(128)),
});

export const USER_ROLES = table('user_roles', {
  userId: primaryKey(text(36)),
  role: primaryKey(text(64)),
});
