# SPDX-License-Identifier: MIT
"""The exceptions of the client, by the names that qubesd sends."""


class QubesException(Exception):
    """Something that a person should read."""

    def __init__(self, message_format: str, *args: str, **kwargs: object) -> None:
        values = (int(arg) if arg.isdigit() else arg for arg in args)
        super().__init__(message_format % tuple(values), **kwargs)


class _AlsoKeyError(QubesException, KeyError):
    """A KeyError that shows its message as it is."""

    __str__ = QubesException.__str__


class QubesVMNotFoundError(_AlsoKeyError):
    """There is no such qube."""


class QubesVMInvalidUUIDError(QubesException):
    """That is not a UUID."""


class QubesVMError(QubesException):
    """The state of a qube does not allow that."""


class QubesVMInUseError(QubesVMError):
    """Something depends on the qube."""


class QubesVMNotStartedError(QubesVMError):
    """The qube is off."""


class QubesVMNotRunningError(QubesVMNotStartedError):
    """The qube is off or paused."""


class QubesVMNotPausedError(QubesVMNotStartedError):
    """The qube is not paused."""


class QubesVMNotSuspendedError(QubesVMError):
    """The qube does not sleep."""


class QubesVMNotHaltedError(QubesVMError):
    """The qube is not off."""


class QubesVMShutdownTimeoutError(QubesVMError):
    """The qube did not go off in time."""


class QubesNoTemplateError(QubesVMError):
    """The qube has lost its template."""


class QubesVMAlreadyStartedError(QubesVMError):
    """The qube is on already."""


class QubesPoolInUseError(QubesException):
    """Something depends on the pool."""


class QubesValueError(QubesException, ValueError):
    """The value is wrong."""


class QubesPropertyValueError(QubesValueError):
    """The value is wrong for that property."""


class QubesNoSuchPropertyError(QubesException, AttributeError):
    """There is no such property."""


class QubesNotImplementedError(QubesException, NotImplementedError):
    """That is not available."""


class BackupCancelledError(QubesException):
    """Somebody cancelled the backup."""


class BackupAlreadyRunningError(QubesException):
    """That backup runs already."""


class QubesMemoryError(QubesVMError, MemoryError):
    """There is not enough memory for the qube."""


class QubesFeatureNotFoundError(_AlsoKeyError):
    """The feature is not set."""


class QubesTagNotFoundError(_AlsoKeyError):
    """The tag is not set."""


class QubesLabelNotFoundError(_AlsoKeyError):
    """There is no such label."""


class ProtocolError(AssertionError):
    """qubesd could not make sense of the request."""


class PermissionDenied(Exception):
    """qubesd does not permit that."""


class DeviceNotAssigned(QubesException, KeyError):
    """The device was not given to that qube."""


class DeviceAlreadyAttached(QubesException, KeyError):
    """The device is in the qube already."""


class DeviceAlreadyAssigned(QubesException, KeyError):
    """The device was given to the qube already."""


class UnrecognizedDevice(QubesException, ValueError):
    """The device is not the one expected."""


class UnexpectedDeviceProperty(QubesException, ValueError):
    """The device is not where it was expected."""


class StoragePoolException(QubesException):
    """Something is wrong with a volume."""


class QubesDaemonCommunicationError(QubesException):
    """qubesd could not be reached."""


class BackupRestoreError(QubesException):
    """The backup could not be restored."""

    def __init__(self, msg: str, backup_log: bytes | None = None) -> None:
        super().__init__(msg)
        self.backup_log = backup_log


class QubesDaemonAccessError(QubesDaemonCommunicationError):
    """qubesd gave no answer."""


class QubesPropertyAccessError(QubesDaemonAccessError, AttributeError):
    """qubesd gave no answer about a property."""

    def __init__(self, prop: str) -> None:
        super().__init__(f"Failed to access '{prop}' property")


class QubesNotesError(QubesException):
    """The notes of a qube could not be read or written."""


QubesDaemonNoResponseError = QubesDaemonAccessError
