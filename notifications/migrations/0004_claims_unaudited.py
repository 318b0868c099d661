import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0003_policy_and_forms'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='message',
            name='update_update',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (((OLD."appointment_id" IS DISTINCT FROM (NEW."appointment_id") OR OLD."change_set_id" IS DISTINCT FROM (NEW."change_set_id") OR OLD."channel" IS DISTINCT FROM (NEW."channel") OR OLD."copy" IS DISTINCT FROM (NEW."copy") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."form_on" IS DISTINCT FROM (NEW."form_on") OR OLD."heeds_quiet_hours" IS DISTINCT FROM (NEW."heeds_quiet_hours") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."knew" IS DISTINCT FROM (NEW."knew") OR OLD."not_after" IS DISTINCT FROM (NEW."not_after") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."possible_duplicates" IS DISTINCT FROM (NEW."possible_duplicates") OR OLD."provider_id" IS DISTINCT FROM (NEW."provider_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."schedule_epoch" IS DISTINCT FROM (NEW."schedule_epoch") OR OLD."settled_at" IS DISTINCT FROM (NEW."settled_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."step" IS DISTINCT FROM (NEW."step") OR OLD."week_on" IS DISTINCT FROM (NEW."week_on"))) AND NOT (NEW."state" = \'sending\'))', func='INSERT INTO "notifications_messageevent" ("appointment_id", "change_set_id", "channel", "copy", "created_at", "due_at", "form_on", "heeds_quiet_hours", "id", "knew", "not_after", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "possible_duplicates", "provider_id", "reason", "schedule_epoch", "settled_at", "state", "step", "week_on") VALUES (NEW."appointment_id", NEW."change_set_id", NEW."channel", NEW."copy", NEW."created_at", NEW."due_at", NEW."form_on", NEW."heeds_quiet_hours", NEW."id", NEW."knew", NEW."not_after", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."possible_duplicates", NEW."provider_id", NEW."reason", NEW."schedule_epoch", NEW."settled_at", NEW."state", NEW."step", NEW."week_on"); RETURN NULL;', hash='a71a71d5de852bbea43e35ddc3a7a085e308bae2', operation='UPDATE', pgid='pgtrigger_update_update_14055', table='notifications_message', when='AFTER')),
        ),
    ]
