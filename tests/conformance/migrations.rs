//! Both migration sets make the same tables.

use std::collections::BTreeMap;

use avouch_server::store::migrations::{self, Standing};
use avouch_server::store::{Address, Connection, Db, StoreError};
use diesel::sql_types::{Bool, Text};
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};

use super::postgres::Cluster;
use super::{Folder, on_each_database, write};

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

#[derive(QueryableByName, Debug)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

const SQLITE_COLUMNS: &str = "
    SELECT m.name AS \"table\", c.name AS name, lower(c.type) AS kind, c.\"notnull\" AS required
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'";

const POSTGRES_COLUMNS: &str = "
    SELECT table_name::text AS \"table\", column_name::text AS name, data_type::text AS kind,
           is_nullable = 'NO' AS required
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'";

/// Every unique rule and primary key as `table(column,column)`, and every index, and every
/// reference with what a deletion does.
const SQLITE_RULES: &str = "
    SELECT CASE WHEN i.\"unique\" THEN 'unique ' ELSE 'index ' END || m.name || '(' ||
           (SELECT group_concat(name, ',') FROM
               (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' AS text
    FROM sqlite_master m JOIN pragma_index_list(m.name) i
    WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'
    UNION SELECT 'unique ' || m.name || '(' || c.name || ')'
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND c.pk = 1 AND lower(c.type) = 'integer'
    UNION SELECT 'reference ' || m.name || '(' || f.\"from\" || ') to ' || f.\"table\" ||
           ' on delete ' || lower(f.on_delete)
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table'";

const POSTGRES_RULES: &str = "
    SELECT CASE WHEN i.indisunique THEN 'unique ' ELSE 'index ' END || t.relname || '(' ||
           (SELECT string_agg(a.attname, ',' ORDER BY k.n)
            FROM unnest(i.indkey) WITH ORDINALITY k(num, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num) || ')' AS text
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace s ON s.oid = t.relnamespace
    WHERE s.nspname = 'public' AND t.relname NOT LIKE '\\_\\_diesel%'
    UNION SELECT 'reference ' || t.relname || '(' || a.attname || ') to ' || f.relname ||
           ' on delete ' || CASE k.confdeltype WHEN 'c' THEN 'cascade' ELSE 'no action' END
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
    JOIN pg_class f ON f.oid = k.confrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f'";

fn columns(c: &mut Connection) -> Vec<Column> {
    let mut columns: Vec<Column> = match c {
        Connection::Sqlite(c) => sql_query(SQLITE_COLUMNS).load(c),
        Connection::Postgres(c) => sql_query(POSTGRES_COLUMNS).load(c),
    }
    .expect("columns");
    for column in &mut columns {
        // Two names for one thing; SQLite's INTEGER is the row id that it counts itself.
        column.kind = match column.kind.as_str() {
            "blob" => "bytea",
            "integer" => "bigint",
            other => other,
        }
        .to_owned();
    }
    columns.sort();
    columns
}

fn rules(c: &mut Connection) -> Vec<String> {
    let lines: Vec<Line> = match c {
        Connection::Sqlite(c) => sql_query(SQLITE_RULES).load(c),
        Connection::Postgres(c) => sql_query(POSTGRES_RULES).load(c),
    }
    .expect("rules");
    let mut rules: Vec<String> = lines.into_iter().map(|line| line.text).collect();
    rules.sort();
    rules
}

#[test]
fn both_migration_sets_make_the_same_schema() {
    let seen = std::cell::RefCell::new(Vec::new());
    on_each_database(|db| {
        let schema = db.read_one(|c| Ok::<_, StoreError>((columns(c), rules(c))));
        seen.borrow_mut().push(schema.expect("reads"));
    });
    let seen = seen.into_inner();
    let [(sqlite, sqlite_rules), (postgres, postgres_rules)] = &seen[..] else {
        panic!("two databases");
    };
    assert!(sqlite.len() > 100, "{}", sqlite.len());
    assert_eq!(sqlite, postgres);
    assert_eq!(sqlite_rules, postgres_rules);
}

/// What the queries are written against is what the migrations make.
#[test]
fn the_tables_named_in_the_code_are_the_tables_there_are() {
    let code = include_str!("../../crates/server/src/store/schema.rs");
    let mut named: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut table = String::new();
    for line in code.lines().map(str::trim) {
        if line.starts_with("diesel::") {
            table.clear();
        } else if let Some((column, kind)) = line.split_once(" -> ") {
            if let Some(columns) = named.get_mut(&table) {
                columns.push((column.to_owned(), kind.trim_end_matches(',').to_owned()));
            }
        } else if let Some((name, _)) = line.split_once(" (")
            && line.ends_with(") {")
        {
            name.clone_into(&mut table);
            named.entry(table.clone()).or_default();
        }
    }
    on_each_database(|db| {
        let there = db
            .read_one(|c| Ok::<_, StoreError>(columns(c)))
            .expect("reads");
        let mut real: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for column in there {
            let kind = match column.kind.as_str() {
                "text" => "Text",
                "bigint" => "BigInt",
                "boolean" => "Bool",
                "bytea" => "Binary",
                other => panic!("{other}"),
            };
            let kind = if column.required {
                kind.to_owned()
            } else {
                format!("Nullable<{kind}>")
            };
            real.entry(column.table)
                .or_default()
                .push((column.name, kind));
        }
        for (table, columns) in &named {
            let mut sorted = columns.clone();
            sorted.sort();
            assert_eq!(real.get(table), Some(&sorted), "{table}");
        }
        assert_eq!(real.len(), named.len());
    });
}

#[test]
fn migrations_are_missing_until_applied_and_then_applied_once() {
    let folder = Folder::new();
    let sqlite = folder.0.join("a.sqlite").display().to_string();
    for address in [sqlite, Cluster::shared().database()] {
        let address = Address::parse(&address).expect("an address");
        address.prepare().expect("an empty file");
        let db = Db::new(address, 2);
        let missing = migrations::look(&db).expect("reads").missing;
        assert_eq!(
            missing.first().map(|migration| migration.name.as_str()),
            Some("0001_foundation")
        );
        let applied = migrations::apply(&db).expect("applies");
        assert_eq!(applied.len(), missing.len());
        assert_eq!(migrations::look(&db).expect("reads"), Standing::default());
        assert!(migrations::apply(&db).expect("applies nothing").is_empty());
    }
}

#[test]
fn nodes_that_start_together_migrate_once() {
    let folder = Folder::new();
    let sqlite = folder.0.join("a.sqlite").display().to_string();
    for address in [sqlite, Cluster::shared().database()] {
        let applied: usize = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let db = Db::new(Address::parse(&address).expect("an address"), 2);
                        migrations::apply(&db).expect("applies").len()
                    })
                })
                .collect();
            nodes
                .into_iter()
                .map(|node| node.join().expect("no panic"))
                .sum()
        });
        assert_eq!(applied, 1, "{address}");
    }
}

/// A node of this version on a database of a later one: what only adds is tolerated, what removes is
/// not.
#[test]
fn a_database_of_a_newer_version_is_refused_only_if_something_is_gone() {
    on_each_database(|db| {
        let run = |text: &'static str| {
            write(db, |c| {
                match c {
                    Connection::Sqlite(c) => sql_query(text).execute(c),
                    Connection::Postgres(c) => sql_query(text).execute(c),
                }
                .expect("written");
                Ok(())
            })
            .expect("written");
        };
        run("INSERT INTO __diesel_schema_migrations (version) VALUES ('9998'), ('9999')");
        run("ALTER TABLE users ADD COLUMN nickname TEXT");
        let standing = migrations::look(db).expect("usable");
        assert!(standing.missing.is_empty());
        assert_eq!(standing.later, ["9998", "9999"]);
        assert!(migrations::apply(db).expect("usable").is_empty());
        db.ready().expect("ready");
        let one = super::user(db, "sample.one");
        let found = db.read(|c| avouch_server::store::users::by_id(c, &one.id));
        assert_eq!(found.expect("reads").expect("there").username, "sample.one");

        run("UPDATE installation SET needs_migration = '9999'");
        for refused in [migrations::look(db).err(), migrations::apply(db).err()] {
            let error = refused.expect("refused");
            assert!(error.to_string().contains("migration 9999"), "{error}");
        }
        run("UPDATE installation SET needs_migration = '0001'");
        migrations::look(db).expect("usable again");
    });
}

/// To look changes nothing: no file is made, and an empty one stays so.
#[test]
fn to_look_makes_no_database() {
    let folder = Folder::new();
    let file = folder.0.join("here/a.sqlite");
    let db = Db::new(
        Address::parse(&file.display().to_string()).expect("an address"),
        1,
    );
    let lacks_all = |db: &Db| {
        let standing = migrations::look(db).expect("looks");
        assert_eq!(standing.missing[0].name, "0001_foundation");
    };
    lacks_all(&db);
    assert!(!file.exists() && !folder.0.join("here").exists());
    std::fs::create_dir(folder.0.join("here")).expect("made");
    std::fs::write(&file, b"").expect("written");
    lacks_all(&db);
    assert_eq!(std::fs::read(&file).expect("reads"), b"");
    let names = std::fs::read_dir(folder.0.join("here")).expect("reads");
    assert_eq!(names.count(), 1);

    let postgres = Db::new(
        Address::parse(&Cluster::shared().database()).expect("an address"),
        1,
    );
    lacks_all(&postgres);
    let tables = postgres.read_one(|c| Ok::<_, StoreError>(columns(c).len()));
    assert_eq!(tables.expect("reads"), 0);
}

/// What is wrong with a migration, by the rules of `migrations/README.md`.
fn wrong(folder: &str, sql: &str) -> Option<String> {
    let (number, name) = folder.split_once('_')?;
    if number == "0001" {
        return None;
    }
    let code: String = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join(" ")
        .to_uppercase();
    let removes = ["DROP ", "RENAME ", "ALTER COLUMN", "DELETE FROM"]
        .iter()
        .find(|word| code.contains(**word));
    let says = code.contains(&format!("SET NEEDS_MIGRATION = '{number}'"));
    match (removes, name.starts_with("contract_"), says) {
        (Some(word), false, _) => Some(format!("{folder} has {word}and is no contraction")),
        (_, true, false) => Some(format!("{folder} does not say that it must be known")),
        (None, false, true) => Some(format!("{folder} only adds and need not be known")),
        _ => None,
    }
}

#[test]
fn a_migration_that_removes_something_says_so() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for set in ["sqlite", "postgres"] {
        for folder in std::fs::read_dir(root.join(set)).expect("the migrations are there") {
            let folder = folder.expect("a folder");
            let sql = std::fs::read_to_string(folder.path().join("up.sql")).expect("text");
            let name = folder.file_name().to_string_lossy().into_owned();
            assert_eq!(wrong(&name, &sql), None);
        }
    }
    let says = "UPDATE installation SET needs_migration = '0007';";
    for (name, sql) in [
        ("0007_add_x", "ALTER TABLE users ADD COLUMN x TEXT;"),
        (
            "0007_contract_x",
            &format!("ALTER TABLE users DROP COLUMN x; {says}"),
        ),
    ] {
        assert_eq!(wrong(name, sql), None, "{name}");
    }
    for (name, sql) in [
        ("0007_drop_x", "ALTER TABLE users DROP COLUMN x;"),
        (
            "0007_drop_x",
            &format!("ALTER TABLE users DROP COLUMN x; {says}"),
        ),
        ("0007_rename_x", "ALTER TABLE users RENAME x TO y;"),
        ("0007_contract_x", "ALTER TABLE users DROP COLUMN x;"),
        (
            "0007_contract_x",
            "-- UPDATE installation SET needs_migration = '0007';",
        ),
        (
            "0007_add_x",
            &format!("ALTER TABLE users ADD COLUMN x TEXT; {says}"),
        ),
    ] {
        assert!(wrong(name, sql).is_some(), "{name}: {sql}");
    }
}
