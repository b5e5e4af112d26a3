"""The bucket of what is deployed: code and templates under the hash of their content."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from botocore.exceptions import ClientError

from liveinsight.aws.account import Account, translated_errors
from liveinsight.errors import DeployError

if TYPE_CHECKING:
    from types_boto3_s3.literals import BucketLocationConstraintType
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

ABSENT: Final = frozenset({"404", "NoSuchBucket", "NotFound"})
DELETE_AT_ONCE: Final = 1000
"""Objects in one DeleteObjects request; S3 takes no more."""
DAYS_OF_OLD_VERSIONS: Final = 30


def bucket_name(account: Account) -> str:
    """The name of the artifact bucket: one for each account and region."""
    return f"liveinsight-artifacts-{account.id}-{account.region}"


def ensure_bucket(account: Account) -> str:
    """The artifact bucket's name; it is made, and made private, if it is not there.

    Raises:
        DeployError: the name is taken by another account, or an action is denied.
    """
    name = bucket_name(account)
    with translated_errors():
        if not has_bucket(account, name):
            make_bucket(account, name)
        protect_bucket(account, name)
    return name


def has_bucket(account: Account, name: str) -> bool:
    """Whether the account has this bucket.

    Raises:
        DeployError: another account has it.
    """
    try:
        account.s3.head_bucket(Bucket=name, ExpectedBucketOwner=account.id)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in ABSENT:
            return False
        if code == "403":
            raise DeployError(
                f"The bucket {name} belongs to another account, or {account.caller} "
                "may not do s3:ListBucket to it. `liveinsight deploy --policy "
                "deployer` prints the policy that the user needs."
            ) from error
        raise
    return True


def make_bucket(account: Account, name: str) -> None:
    """Makes the bucket in the account's region."""
    if account.region == "us-east-1":  # S3 refuses this one as a location
        account.s3.create_bucket(Bucket=name)
        return
    location: BucketLocationConstraintType = account.region  # type: ignore[assignment]
    account.s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": location}
    )


def protect_bucket(account: Account, name: str) -> None:
    """Private, encrypted, versioned, over TLS only; the same whenever it is repeated."""
    s3 = account.s3
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_ownership_controls(
        Bucket=name,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "forget-what-was-replaced",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {
                        "NoncurrentDays": DAYS_OF_OLD_VERSIONS
                    },
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    )
    s3.put_bucket_policy(Bucket=name, Policy=tls_only_policy(account, name))


def tls_only_policy(account: Account, name: str) -> str:
    """The bucket policy that refuses whoever does not come over TLS 1.2 or later."""
    arn = f"arn:{account.partition}:s3:::{name}"
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
    }
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {**refusal, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {**refusal, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        ],
    }
    return msgspec.json.encode(policy).decode()


def upload_code(account: Account, bucket: str, package: Path) -> str:
    """The key of the zip: named by its content, and sent only if it is not there."""
    return upload(account, bucket, package.read_bytes(), "code", "zip")


def upload_template(account: Account, bucket: str, template: str) -> str:
    """The key of the template, named by its content."""
    return upload(account, bucket, template.encode(), "templates", "yaml")


def upload(
    account: Account, bucket: str, content: bytes, folder: str, suffix: str
) -> str:
    """The key under which `content` is in the bucket now."""
    key = f"{folder}/{hashlib.sha256(content).hexdigest()}.{suffix}"
    with translated_errors():
        if not has_object(account, bucket, key):
            account.s3.put_object(
                Bucket=bucket, Key=key, Body=content, ExpectedBucketOwner=account.id
            )
    return key


def has_object(account: Account, bucket: str, key: str) -> bool:
    """Whether this key is in the bucket."""
    try:
        account.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"].get("Code") in {"404", "NoSuchKey"}:
            return False
        raise
    return True


def template_url(account: Account, bucket: str, key: str) -> str:
    """The address under which CloudFormation reads the template."""
    return f"{account.s3.meta.endpoint_url}/{bucket}/{key}"


def empty_bucket(account: Account, name: str) -> int:
    """How many objects and versions were deleted; afterwards there are none.

    Raises:
        DeployError: S3 refuses to delete one of them.
    """
    deleted = 0
    pages = account.s3.get_paginator("list_object_versions").paginate(
        Bucket=name, PaginationConfig={"PageSize": DELETE_AT_ONCE}
    )
    for page in pages:
        versions: list[ObjectIdentifierTypeDef] = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if not versions:
            continue
        answer = account.s3.delete_objects(
            Bucket=name, Delete={"Objects": versions, "Quiet": True}
        )
        for refused in answer.get("Errors", ()):
            raise DeployError(
                f"S3 does not delete {refused.get('Key')} of {name}: "
                f"{refused.get('Message')}"
            )
        deleted += len(versions)
    return deleted


def delete_bucket(account: Account, name: str) -> int | None:
    """How many objects and versions went with the bucket; None where there is none."""
    with translated_errors():
        if not has_bucket(account, name):
            return None
        deleted = empty_bucket(account, name)
        account.s3.delete_bucket(Bucket=name, ExpectedBucketOwner=account.id)
    return deleted
