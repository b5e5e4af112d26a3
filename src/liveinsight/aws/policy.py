"""What a deployer, and a dashboard, may do in the account: IAM policies, least first.

A managed policy has room for 6,144 characters, which is why actions on things that
bear the stack's name are written with a star where all of a family are used.
"""

from typing import Final

from liveinsight.aws.scope import Scope

Statement = dict[str, object]
Policy = dict[str, object]

VERSION: Final = "2012-10-17"
MOST_CHARACTERS: Final = 6144


def document(*statements: Statement) -> Policy:
    """A policy of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    sid: str, actions: list[str], resources: list[str], **more: object
) -> Statement:
    """A statement that allows."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
        **more,
    }


def of(service: str, names: str) -> list[str]:
    """Actions of one service."""
    return [f"{service}:{name}" for name in names.split()]


def deployer_policy(scope: Scope) -> Policy:
    """What `deploy`, `status`, `rollback` and `destroy` need (user liveinsight-dev).

    CloudFormation acts with the rights of who calls it, so it is also what the
    template's resources need to be made, changed and removed.
    """
    return document(
        *stack_statements(scope),
        *data_statements(scope),
        *function_statements(scope),
        *role_statements(scope),
        *watch_statements(scope),
    )


def role_policy(scope: Scope) -> Policy:
    """The part of the deployer's policy that PowerUserAccess leaves out."""
    return document(*role_statements(scope))


def dashboard_policy(scope: Scope) -> Policy:
    """What `liveinsight up --aws` needs: it reads, and nothing else."""
    events, _, active = scope.table_arns()
    indexes = [f"{events}/index/{name}" for name in ("SessionIndex", "UserIndex")]
    return document(
        allow(
            "Stack",
            ["cloudformation:DescribeStacks"],
            [scope.arn("cloudformation", f"stack/{scope.stack}/*")],
        ),
        allow("Live", ["dynamodb:Scan"], [active]),
        allow("Timelines", ["dynamodb:Query"], indexes),
        allow("List", ["s3:ListBucket"], scope.bucket(scope.archive)[:1]),
        allow("History", ["s3:GetObject"], scope.bucket(scope.archive)[1:]),
        # CloudWatch knows no narrower resource for it.
        allow("Counts", ["cloudwatch:GetMetricData"], ["*"]),
    )


def eraser_policy(scope: Scope) -> Policy:
    """What `liveinsight user` needs to hand out and erase one visitor of a stack."""
    events, sessions, _ = scope.table_arns()
    indexes = [
        f"{events}/index/SessionIndex",
        f"{events}/index/UserIndex",
        f"{sessions}/index/UserIndex",
    ]
    return document(
        allow(
            "Stack",
            ["cloudformation:DescribeStacks"],
            [scope.arn("cloudformation", f"stack/{scope.stack}/*")],
        ),
        allow("Find", ["dynamodb:Query"], indexes),
        allow("Look", ["dynamodb:GetItem"], scope.table_arns()),
        allow("Erase", ["dynamodb:DeleteItem"], scope.table_arns()),
        allow("List", ["s3:ListBucket"], scope.bucket(scope.archive)[:1]),
        allow("Read", ["s3:GetObject"], scope.bucket(scope.archive)[1:]),
        allow("Rewrite", ["s3:PutObject"], scope.bucket(scope.archive)[1:]),
    )


def stack_statements(scope: Scope) -> list[Statement]:
    """The stack itself, and the code that it is made from."""
    return [
        allow(
            "Stack",
            of(
                "cloudformation",
                "ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack "
                "DescribeChangeSet DescribeEvents DescribeStackEvents DescribeStacks "
                "ExecuteChangeSet GetTemplate",
            ),
            [scope.arn("cloudformation", f"stack/{scope.stack}/*")],
        ),
        allow(
            "Buckets",
            of(
                "s3",
                "CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject "
                "DeleteObjectVersion GetBucket* Get*Configuration ListBucket "
                "ListBucketVersions ListTagsForResource PutBucketOwnershipControls "
                "PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging "
                "PutBucketVersioning PutEncryptionConfiguration "
                "PutLifecycleConfiguration TagResource UntagResource",
            ),
            [*scope.bucket(scope.artifacts), *scope.bucket(scope.archive)],
        ),
        allow(
            "Code",
            of("s3", "GetObject GetObjectVersion PutObject"),
            scope.bucket(scope.artifacts)[1:],
        ),
    ]


def data_statements(scope: Scope) -> list[Statement]:
    """The tables, but not what is in them; and the queues."""
    return [
        allow(
            "Tables",
            of(
                "dynamodb",
                "CreateTable DeleteTable Describe* GetResourcePolicy ListTagsOfResource "
                "TagResource UntagResource UpdateContinuousBackups UpdateTable "
                "UpdateTimeToLive",
            ),
            scope.table_arns(),
        ),
        allow(
            "Queues",
            of(
                "sqs",
                "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags "
                "SetQueueAttributes TagQueue UntagQueue",
            ),
            [scope.arn("sqs", f"{scope.stack}-*")],
        ),
    ]


def function_statements(scope: Scope) -> list[Statement]:
    """The functions, what calls them, and the API."""
    functions = scope.arn("lambda", f"function:{scope.stack}-*")
    gateway = f"arn:{scope.partition}:apigateway:{scope.region}::"
    return [
        allow(
            "Functions",
            of(
                "lambda",
                "AddPermission CreateFunction DeleteFunction "
                "DeleteFunctionConcurrency Get* ListTags PutFunctionConcurrency "
                "PutFunctionRecursionConfig PutRuntimeManagementConfig "
                "RemovePermission TagResource UntagResource UpdateFunction*",
            ),
            [functions],
        ),
        allow(
            "Sources",
            of(
                "lambda",
                "CreateEventSourceMapping DeleteEventSourceMapping "
                "UpdateEventSourceMapping",
            ),
            ["*"],
            Condition={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        # Lambda knows no narrower resource for the tags of a source, nor for looking.
        allow(
            "SourcesRead",
            of("lambda", "GetEventSourceMapping ListTags"),
            ["*"],
        ),
        allow(
            "SourceTags",
            of("lambda", "TagResource UntagResource"),
            [scope.arn("lambda", "event-source-mapping:*")],
        ),
        allow(
            "Api",
            of("apigateway", "DELETE GET PATCH POST PUT"),
            [
                f"{gateway}/{path}"
                for path in ("restapis", "restapis/*", "apikeys", "apikeys/*")
            ]
            + [
                f"{gateway}/{path}" for path in ("usageplans", "usageplans/*", "tags/*")
            ],
        ),
    ]


def role_statements(scope: Scope) -> list[Statement]:
    """The roles of the two functions, and handing them to Lambda and nobody else."""
    roles = f"arn:{scope.partition}:iam::{scope.account}:role/{scope.stack}-*"
    return [
        allow(
            "Roles",
            of(
                "iam",
                "CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy "
                "ListAttachedRolePolicies ListRolePolicies PutRolePolicy TagRole "
                "UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
            ),
            [roles],
        ),
        allow(
            "PassRoles",
            ["iam:PassRole"],
            [roles],
            Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
    ]


def watch_statements(scope: Scope) -> list[Statement]:
    """Logs, alarms, the graphs and the counts."""
    topic = scope.arn("sns", f"{scope.stack}-alarms")
    return [
        allow(
            "Logs",
            of(
                "logs",
                "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
                "DescribeIndexPolicies GetDataProtectionPolicy ListTagsForResource "
                "PutRetentionPolicy TagResource UntagResource",
            ),
            [scope.arn("logs", f"log-group:/aws/lambda/{scope.stack}-*")],
        ),
        allow(
            "Topic",
            of(
                "sns",
                "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes "
                "ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes Subscribe TagResource "
                "UntagResource",
            ),
            [topic],
        ),
        allow(
            "Alarms",
            of(
                "cloudwatch",
                "DeleteAlarms DeleteDashboards GetDashboard ListTagsForResource "
                "PutDashboard PutMetricAlarm TagResource UntagResource",
            ),
            [
                scope.arn("cloudwatch", f"alarm:{scope.stack}-*"),
                f"arn:{scope.partition}:cloudwatch::{scope.account}:"
                f"dashboard/{scope.stack}-*",
            ],
        ),
        # None of these knows a narrower resource.
        allow(
            "Watch",
            [
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "sns:GetSubscriptionAttributes",
                "sns:SetSubscriptionAttributes",
                "sns:Unsubscribe",
            ],
            ["*"],
        ),
    ]
