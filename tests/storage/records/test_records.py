"""What every kind of record promises, on SQLite and on PostgreSQL."""

import threading
from pathlib import Path

import msgspec
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from quarterdeck.errors import Conflict, Invalid, Misconfigured, NotFound, Unauthorized
from quarterdeck.storage.records import (
    accounts,
    audit,
    connection,
    deletions,
    keys,
    logins,
    memberships,
    memory_tables,
    projects,
    tables,
    workflow_tables,
)
from quarterdeck.storage.records.connection import Records, open_records

NOW = 1_790_000_000_000_000_000
HOUR = 3_600_000_000_000
PASSWORD = "four random words here"


def make_account(records: Records, email: str = "ann@example.org") -> accounts.Account:
    return accounts.create_account(records, email=email, password=PASSWORD, now_ns=NOW)


def test_the_migrations_make_the_tables_that_the_code_uses(records: Records) -> None:
    with records.reading() as open_connection:
        context = MigrationContext.configure(open_connection, opts={"compare_type": True})
        assert memory_tables.MEMORY_WRITES.metadata is tables.METADATA
        assert workflow_tables.WORKFLOWS.metadata is tables.METADATA
        differences = compare_metadata(context, tables.METADATA)
    assert differences == []


def test_the_head_in_the_code_is_the_newest_migration() -> None:
    folder = Path(connection.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == connection.HEAD


def test_opening_again_keeps_what_is_there(records: Records, records_url: str) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    again = open_records(records_url)
    assert projects.get_project(again, "acme").created_ns == NOW
    again.close()


def test_a_database_of_the_first_release_keeps_what_it_holds(records_url: str) -> None:
    driver = "sqlite" if records_url.startswith("sqlite") else "postgresql+psycopg"
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(records_url).set(drivername=driver))
    config = Config()
    config.set_main_option("script_location", str(Path(connection.__file__).parent / "migrations"))
    with engine.begin() as open_connection:
        config.attributes["connection"] = open_connection
        command.upgrade(config, "0001")
        settings = msgspec.to_builtins(projects.ProjectSettings())
        open_connection.execute(
            sqlalchemy.insert(tables.PROJECTS).values(
                project_id="acme", name="Acme", created_ns=NOW, **settings
            )
        )
    engine.dispose()
    opened = open_records(records_url)
    assert projects.get_project(opened, "acme").name == "Acme"
    with opened.reading() as open_connection:
        context = MigrationContext.configure(open_connection)
        assert compare_metadata(context, tables.METADATA) == []
    opened.close()


def test_servers_that_start_together_make_one_set_of_tables(records_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            opened = open_records(records_url)
            projects.ensure_default_project(opened, now_ns=NOW)
            keys.checksum_secret(opened)
            opened.close()
        except BaseException as error:  # noqa: BLE001  # the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_url_of_another_database_is_refused_with_the_choices() -> None:
    with pytest.raises(Misconfigured) as refused:
        open_records("mysql://somewhere/db")
    assert "sqlite" in refused.value.hint
    assert "postgresql" in refused.value.hint


def test_a_database_that_cannot_be_reached_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        open_records(f"postgresql:///none?host={tmp_path}")
    assert "QUARTERDECK_RECORDS_URL" in refused.value.hint


def test_a_failed_write_leaves_nothing(records: Records) -> None:
    half = sqlalchemy.insert(tables.SERVER).values(name="half", value="written")
    with pytest.raises(sqlalchemy.exc.IntegrityError), records.writing() as open_connection:
        open_connection.execute(sqlalchemy.insert(tables.SERVER), [half.compile().params] * 2)
    with records.reading() as open_connection:
        assert open_connection.execute(sqlalchemy.select(tables.SERVER)).all() == []


def test_project_settings_come_back_as_they_were_given(records: Records) -> None:
    projects.create_project(records, project_id="acme", name="Acme", now_ns=NOW)
    settings = projects.ProjectSettings(
        session_key="{tenant}/{ticket}",
        retention_days=30,
        redaction_patterns=(r"ACME-\d+",),
        human_tools=("ask_human",),
        scripted_humans=True,
        price_overrides=({"model": "x", "input_usd_per_mtok": "1.5"},),
    )
    projects.change_project(records, "acme", name="Acme Inc", settings=settings)
    found = projects.get_project(records, "acme")
    assert found.settings == settings
    assert found.name == "Acme Inc"
    assert [project.project_id for project in projects.list_projects(records)] == ["acme"]
    assert projects.list_projects(records, only=[]) == []


@pytest.mark.parametrize("bad", ["", "A", "a b", "../x", "-a", "ü", "a" * 64, "a\x00b", "a\n"])
def test_a_project_id_must_fit_an_address(records: Records, bad: str) -> None:
    with pytest.raises(Invalid):
        projects.create_project(records, project_id=bad, now_ns=NOW)


def test_a_project_id_is_taken_once(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    with pytest.raises(Conflict):
        projects.create_project(records, project_id="acme", now_ns=NOW)


def test_deleting_a_project_takes_its_keys_and_members_with_it(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    account = make_account(records)
    memberships.set_role(records, project_id="acme", account_id=account.account_id, role="admin")
    made = keys.create_key(
        records, project_id="acme", name="k", scopes=("read",), created_by="t", now_ns=NOW
    )
    projects.delete_project(records, "acme")
    assert keys.find_key(records, made.secret) is None
    assert memberships.roles_of(records, account.account_id) == {}
    with pytest.raises(NotFound):
        projects.delete_project(records, "acme")


def test_a_password_is_checked_and_never_kept(records: Records) -> None:
    account = make_account(records, "Ann@Example.org")
    assert account.email == "ann@example.org"
    verified = accounts.verify_password(records, email=" ANN@example.org", password=PASSWORD)
    assert verified == account
    with records.reading() as open_connection:
        stored = open_connection.execute(
            sqlalchemy.select(tables.ACCOUNTS.c.password_hash)
        ).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    for email, password in (("ann@example.org", "wrong"), ("bob@example.org", PASSWORD)):
        with pytest.raises(Unauthorized) as refused:
            accounts.verify_password(records, email=email, password=password)
        assert refused.value.message == "unknown address or wrong password"
    # The stored hash is no password itself.
    with pytest.raises(Unauthorized):
        accounts.verify_password(records, email="ann@example.org", password=stored)


def test_a_disabled_account_can_neither_log_in_nor_go_on(records: Records) -> None:
    account = make_account(records)
    cookie = logins.start_login(
        records, account_id=account.account_id, now_ns=NOW, expires_ns=NOW + HOUR
    )
    accounts.set_disabled(records, account.account_id, disabled=True)
    assert logins.find_login(records, cookie, now_ns=NOW) is None
    with pytest.raises(Unauthorized):
        accounts.verify_password(records, email=account.email, password=PASSWORD)


@pytest.mark.parametrize("bad", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\nc", "<a@b>"])
def test_an_address_must_look_like_one(records: Records, bad: str) -> None:
    with pytest.raises(Invalid):
        accounts.create_account(records, email=bad, password=PASSWORD, now_ns=NOW)


@pytest.mark.parametrize("bad", ["", "elevenchars", "x" * 513])
def test_a_password_has_12_to_512_characters(records: Records, bad: str) -> None:
    with pytest.raises(Invalid):
        accounts.create_account(records, email="a@b.c", password=bad, now_ns=NOW)


def test_an_address_has_one_account(records: Records) -> None:
    make_account(records)
    with pytest.raises(Conflict):
        make_account(records, "ANN@example.org")


def test_the_last_owner_can_not_be_deleted(records: Records) -> None:
    owner = accounts.create_account(
        records, email="o@b.c", password=PASSWORD, owner=True, now_ns=NOW
    )
    with pytest.raises(Conflict):
        accounts.delete_account(records, owner.account_id)
    other = make_account(records)
    accounts.delete_account(records, other.account_id)
    assert accounts.count_accounts(records) == 1


def test_a_role_is_set_changed_and_taken_away(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    account = make_account(records)
    for role in memberships.ROLES:
        memberships.set_role(records, project_id="acme", account_id=account.account_id, role=role)
        assert memberships.roles_of(records, account.account_id) == {"acme": role}
    assert [member.email for member in memberships.list_members(records, "acme")] == [
        "ann@example.org"
    ]
    memberships.remove_member(records, project_id="acme", account_id=account.account_id)
    assert memberships.list_members(records, "acme") == []
    with pytest.raises(Invalid):
        memberships.set_role(
            records, project_id="acme", account_id=account.account_id, role="owner"
        )
    with pytest.raises(NotFound):
        memberships.set_role(
            records, project_id="none", account_id=account.account_id, role="admin"
        )
    with pytest.raises(NotFound):
        memberships.set_role(records, project_id="acme", account_id="none", role="admin")


def test_a_key_is_shown_once_and_kept_as_its_hash(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    made = keys.create_key(
        records,
        project_id="acme",
        name="ci",
        scopes=("read", "ingest"),
        created_by="account:ann@example.org",
        now_ns=NOW,
        expires_ns=NOW + HOUR,
    )
    assert made.key.scopes == ("ingest", "read")
    assert keys.find_key(records, made.secret) == made.key
    assert keys.find_key(records, made.secret[:-1] + "!") is None
    with records.reading() as open_connection:
        stored = str(open_connection.execute(sqlalchemy.select(tables.KEYS)).mappings().all())
    assert made.secret not in stored
    assert made.secret[11:43] not in stored


def test_a_made_up_key_is_known_as_such_without_the_database(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    made = keys.create_key(
        records, project_id="acme", name="", scopes=("read",), created_by="", now_ns=NOW
    )
    secret = keys.checksum_secret(records)
    assert keys.is_well_formed(made.secret, secret)
    for position in range(len(made.secret)):
        other = "x" if made.secret[position] != "x" else "y"
        wrong = made.secret[:position] + other + made.secret[position + 1 :]
        assert not keys.is_well_formed(wrong, secret)
    for wrong in ("", "qd_", made.secret + "a", made.secret[:-1], "ü" * 54, "qd_" + "0" * 51):
        assert not keys.is_well_formed(wrong, secret)
    assert not keys.is_well_formed(made.secret, b"another server's secret")


def test_a_key_is_revoked_once(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)
    made = keys.create_key(
        records, project_id="acme", name="", scopes=("read",), created_by="", now_ns=NOW
    )
    with pytest.raises(NotFound):
        keys.revoke_key(records, project_id="twin", key_id=made.key.key_id, now_ns=NOW)
    first = keys.revoke_key(records, project_id="acme", key_id=made.key.key_id, now_ns=NOW + 1)
    again = keys.revoke_key(records, project_id="acme", key_id=made.key.key_id, now_ns=NOW + 2)
    assert first.revoked_ns == again.revoked_ns == NOW + 1
    assert keys.list_keys(records, "twin") == []
    assert [key.key_id for key in keys.list_keys(records, "acme")] == [made.key.key_id]


def test_a_key_needs_scopes_that_exist_and_a_project(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    for scopes in ((), ("root",), ("read", "*")):
        with pytest.raises(Invalid):
            keys.create_key(
                records, project_id="acme", name="", scopes=scopes, created_by="", now_ns=NOW
            )
    with pytest.raises(NotFound):
        keys.create_key(
            records, project_id="none", name="", scopes=("read",), created_by="", now_ns=NOW
        )
    with pytest.raises(Invalid):
        keys.create_key(
            records, project_id="acme", name="", scopes=("read",), created_by="", now_ns=NOW,
            expires_ns=NOW,
        )  # fmt: skip


def test_the_use_of_a_key_is_noted(records: Records) -> None:
    projects.create_project(records, project_id="acme", now_ns=NOW)
    made = keys.create_key(
        records, project_id="acme", name="", scopes=("read",), created_by="", now_ns=NOW
    )
    keys.note_use(records, made.key.key_id, now_ns=NOW + HOUR)
    found = keys.get_key(records, project_id="acme", key_id=made.key.key_id)
    assert found.last_used_ns == NOW + HOUR


def test_a_login_ends_by_time_by_logout_and_for_the_whole_account(records: Records) -> None:
    account = make_account(records)

    def login() -> str:
        return logins.start_login(
            records, account_id=account.account_id, now_ns=NOW, expires_ns=NOW + HOUR
        )

    first, second = login(), login()
    found = logins.find_login(records, first, now_ns=NOW + HOUR - 1)
    assert found is not None
    assert found.account == account
    assert logins.find_login(records, first, now_ns=NOW + HOUR) is None
    logins.end_login(records, first)
    assert logins.find_login(records, first, now_ns=NOW) is None
    assert logins.find_login(records, second, now_ns=NOW) is not None
    logins.end_logins_of(records, account.account_id)
    assert logins.find_login(records, second, now_ns=NOW) is None
    for garbage in ("", "x", "\udcff", "' OR 1=1 --"):
        assert logins.find_login(records, garbage, now_ns=NOW) is None


def test_audit_rows_come_newest_first_and_by_project(records: Records) -> None:
    for number in range(5):
        audit.write_audit(
            records,
            project_id="acme" if number % 2 == 0 else "twin",
            actor="local",
            action="session.delete",
            target=f"s-{number}",
            now_ns=NOW + number,
            details={"spans": number},
        )
    rows = audit.list_audit(records, "acme", limit=2)
    assert [row.target for row in rows] == ["s-4", "s-2"]
    rest = audit.list_audit(records, "acme", before_id=rows[-1].audit_id)
    assert [row.target for row in rest] == ["s-0"]
    assert rest[0].details == {"spans": 0}


def test_an_audit_row_never_holds_a_secret(records: Records) -> None:
    with pytest.raises(ValueError, match="password"):
        audit.write_audit(
            records, project_id="", actor="", action="", target="", now_ns=NOW,
            details={"new_password": "x"},
        )  # fmt: skip


def test_deletions_are_remembered_with_their_last_instant(records: Records) -> None:
    for at_ns in (NOW, NOW + 5):
        deletions.note_deletions(
            records,
            [
                deletions.Deletion(
                    project_id="acme", kind="trace", target="t-1", at_ns=at_ns, by="local"
                )
            ],
        )
    assert [(row.target, row.at_ns) for row in deletions.list_deletions(records)] == [
        ("t-1", NOW + 5)
    ]
    assert deletions.list_deletions(records, since_ns=NOW + 6) == []
