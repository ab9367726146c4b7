import { randomUUID } from 'node:crypto';
import { DataTypes, type Model, type ModelStatic, Op, Sequelize } from 'sequelize';

export interface Post {
  readonly id: string;
  /** The `sub` of its author. */
  readonly owner: string;
  readonly title: string;
  readonly text: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type Content = Pick<Post, 'title' | 'text'>;
export type Posts = Awaited<ReturnType<typeof openPosts>>;

/**
 * The posts in a file, or in `:memory:`. The owner is part of every query and of every change, so that no caller has to
 * remember to compare it afterwards: another's post is simply not there.
 */
export async function openPosts(file: string) {
  const sequelize = new Sequelize({ dialect: 'sqlite', storage: file, logging: false });
  const posts: ModelStatic<Model<Post> & Post> = sequelize.define(
    'posts',
    {
      id: { type: DataTypes.STRING(36), primaryKey: true },
      owner: { type: DataTypes.STRING(36), allowNull: false },
      title: { type: DataTypes.STRING(200), allowNull: false },
      text: { type: DataTypes.TEXT, allowNull: false },
      createdAt: DataTypes.DATE(3),
      updatedAt: DataTypes.DATE(3),
    },
    { underscored: true, timestamps: false, indexes: [{ fields: ['owner', 'id'] }] },
  );
  await sequelize.sync();

  const find = (owner: string, id: string): Promise<Post | null> => posts.findOne({ where: { id, owner } });

  return {
    find,

    create(owner: string, content: Content): Promise<Post> {
      const now = new Date();
      return posts.create({ ...content, id: newId(), owner, createdAt: now, updatedAt: now });
    },

    /** The latest first, and at most so many; with `before` those that are older than that one. */
    list(owner: string, limit: number, before: string | undefined): Promise<Post[]> {
      const where = before === undefined ? { owner } : { owner, id: { [Op.lt]: before } };
      return posts.findAll({ where, limit, order: [['id', 'DESC']] });
    },

    /** One statement looks and writes, so nothing comes in between; how many rows it changed tells what happened. */
    async change(owner: string, id: string, changes: Partial<Content>): Promise<Post | null> {
      const [changed] = await posts.update({ ...changes, updatedAt: new Date() }, { where: { id, owner } });
      return changed === 0 ? null : find(owner, id);
    },

    /** Whether there was one. */
    remove: async (owner: string, id: string): Promise<boolean> =>
      (await posts.destroy({ where: { id, owner } })) > 0,

    close: () => sequelize.close(),
  };
}

/** A UUID that begins with the time (version 7, RFC 9562 section 5.7), so that ids are in the order of their creation. */
function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
