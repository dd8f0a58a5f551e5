//! Both migration sets make the same tables.

use std::collections::BTreeMap;

use avouch_server::store::{Address, Connection, Db, StoreError, migrations};
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
        let missing = migrations::missing(&db).expect("reads");
        assert_eq!(missing.first().map(String::as_str), Some("0001_foundation"));
        let applied = migrations::apply(&db).expect("applies");
        assert_eq!(applied.len(), missing.len());
        assert!(migrations::missing(&db).expect("reads").is_empty());
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

#[test]
fn a_database_of_a_newer_version_is_refused() {
    on_each_database(|db| {
        write(db, |c| {
            let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
            match c {
                Connection::Sqlite(c) => sql_query(newer).execute(c),
                Connection::Postgres(c) => sql_query(newer).execute(c),
            }
            .expect("written");
            Ok(())
        })
        .expect("written");
        for refused in [migrations::missing(db).err(), migrations::apply(db).err()] {
            let error = refused.expect("refused");
            assert!(error.to_string().contains("migration 9999"), "{error}");
        }
    });
}
