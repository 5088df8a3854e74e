"""Data sets: handwritten digits, and recordings of auditory receptors."""

from bridge.datasets.digits import Digits as Digits
from bridge.datasets.digits import digits as digits
from bridge.datasets.digits import shifted as shifted
from bridge.datasets.grasshopper import ReceptorRecording as ReceptorRecording
from bridge.datasets.grasshopper import grasshopper_recording as grasshopper_recording
